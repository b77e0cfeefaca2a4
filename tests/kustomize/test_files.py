"""The file that makes a folder a kustomization, and what it lists."""

from __future__ import annotations

import pytest

from llmstack.kustomize.files import KustomizationError, is_kustomization, list_resources

LISTED: dict[str, list[str]] = {
    "": [], "{}": [], "resources:": [], "resources: [a.yaml, ../b, ./c/]": ["base/a/a.yaml", "base/b", "base/a/c"],
}  # fmt: skip
REFUSED = {
    "a: [": "base/a/kustomization.yml is not YAML: ",
    "[a]": "base/a/kustomization.yml is not a kustomization with a list of resources",
    "resources: a": "base/a/kustomization.yml is not a kustomization with a list of resources",
    "resources: [a, 1]": "base/a/kustomization.yml is not a kustomization with a list of resources",
    "resources: [a, ../../../b]": "base/a/kustomization.yml leads out of the repository: ../../../b",
    "resources: [/a]": "base/a/kustomization.yml leads out of the repository: /a",
}


@pytest.mark.parametrize("text", LISTED)
def test_what_a_kustomization_lists(text: str) -> None:
    assert list_resources({"base/a/kustomization.yml": text}.get, "base/a") == LISTED[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_kustomize_could_not_read_either(text: str) -> None:
    with pytest.raises(KustomizationError) as caught:
        list_resources({"base/a/kustomization.yml": text}.get, "base/a")
    assert str(caught.value).startswith(REFUSED[text])
    assert caught.value.path == "base/a/kustomization.yml"


def test_one_file_makes_a_folder_a_kustomization() -> None:
    assert list_resources({}.get, "base/a") == []
    two = {"base/a/kustomization.yaml": "", "base/a/Kustomization": ""}
    with pytest.raises(
        KustomizationError, match=r"base/a/kustomization.yaml and base/a/Kustomization both make base/a"
    ) as caught:
        list_resources(two.get, "base/a")
    assert caught.value.path == "base/a/Kustomization"
    assert list(map(is_kustomization, ("a/kustomization.yml", "Kustomization", "a/kustomization.yaml.bak"))) == [
        True,
        True,
        False,
    ]
