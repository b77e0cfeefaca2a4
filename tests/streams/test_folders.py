"""A side that is a folder: built by kustomize where it is a kustomization, read where it is none, and never led out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack.errors import FoundError, UsageError
from llmstack.kustomize.files import KustomizationError
from llmstack.programs import ToolError
from llmstack.repository import streams
from llmstack.repository.streams import find_root, read_objects

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n"
TOOLS = Path(os.environ["LLMSTACK_TOOLS"]) if os.environ.get("LLMSTACK_TOOLS") else None


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def names(source: str) -> list[str]:
    return [item.object["metadata"]["name"] for item in read_objects(source, TOOLS).items]


def test_a_kustomization_is_built_from_the_whole_repository(root: Path) -> None:
    write(root, {
        "recipes/base/kustomization.yaml": "resources: [m.yaml]\n",
        "recipes/base/m.yaml": CONFIG,
        "guides/a/kustomization.yaml": "resources: [../../recipes/base]\nnamePrefix: a-\n",
    })  # fmt: skip
    assert names("guides/a") == names("guides/a/kustomization.yaml") == names("guides/a/") == ["a-NAME"]
    item = read_objects("guides/a", TOOLS).items[0]
    assert str(item.place(("data",))) == "guides/a/kustomization.yaml:1:1"


def test_the_root_itself_may_be_one(root: Path) -> None:
    write(root, {"kustomization.yaml": "resources: [m.yaml]\n", "m.yaml": CONFIG})
    assert names(".") == ["NAME"]


def test_a_plain_folder_is_read_and_what_it_holds_is_built(root: Path) -> None:
    write(root, {
        "k8s/b.yaml": CONFIG.replace("NAME", "b"),
        "k8s/sub/c.yml": CONFIG.replace("NAME", "c"),
        "k8s/d.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}',
        "k8s/readme.md": "no manifest",
        "k8s/.hidden/e.yaml": CONFIG,
        "k8s/base/kustomization.yaml": "resources: [m.yaml]\n",
        "k8s/base/m.yaml": CONFIG,
        "k8s/component/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nlabels: [{pairs: {a: b}}]\n",
        "k8s/prod/kustomization.yaml": "resources: [../base]\ncomponents: [../component]\nnamePrefix: prod-\n",
    })  # fmt: skip
    assert names("k8s") == ["b", "d", "prod-NAME", "c"]


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: ['https://example.com/x']", "resources: [../../outside]", "resources: [/etc]",
        "resources: ['github.com/a/b']", "resources: ['git@example.com:a/b']", "helmCharts: [{name: x}]",
        "generators: [g.yaml]", "resources: [../.git/config]", "resources: [link.yaml]",
    ],
)  # fmt: skip
def test_nothing_leads_out(kustomization: str, root: Path) -> None:
    write(root, {"a/kustomization.yaml": f"{kustomization}\n", "a/g.yaml": "apiVersion: v1\nkind: X\nspec: {}\n"})
    (root / "a/link.yaml").symlink_to("/etc/hostname")
    with pytest.raises((FoundError, ToolError, KustomizationError)) as caught:
        read_objects("a", TOOLS)
    assert "etc/hostname" not in str(caught.value)


def test_a_folder_outside_of_git_is_its_own_root_unless_it_is_worked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"base/kustomization.yaml": "resources: [m.yaml]\n", "base/m.yaml": CONFIG,
                     "a/kustomization.yaml": "resources: [../base]\n"})  # fmt: skip
    if any((above / ".git").exists() for above in tmp_path.parents):
        pytest.fail("the temporary folder is in a Git repository")
    assert find_root(str(tmp_path / "a")) == tmp_path / "a"
    with pytest.raises(FoundError, match="leads out"):
        read_objects(str(tmp_path / "a"), TOOLS)
    monkeypatch.chdir(tmp_path)
    assert names("a") == ["NAME"]


def test_a_chart_is_to_be_rendered(root: Path) -> None:
    write(root, {"chart/Chart.yaml": "name: x\n", "chart/templates/m.yaml": "{{ fail }}\n"})
    with pytest.raises(UsageError, match="helm template"):
        read_objects("chart", TOOLS)


def test_a_pipe_is_read(root: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, CONFIG.encode())
    os.close(writing)
    assert names(f"/dev/fd/{reading}") == ["NAME"]
    os.close(reading)


@pytest.mark.parametrize(("content", "id"), [(b"\xff\xfea\x00", "bad-encoding"), (b"a: [", "yaml-syntax")])
def test_what_is_no_stream_is_a_finding(content: bytes, id: str, root: Path) -> None:
    (root / "x.yaml").write_bytes(content)
    with pytest.raises(FoundError) as caught:
        read_objects("x.yaml", TOOLS)
    assert [finding.id for finding in caught.value.findings] == [id]


def test_a_stream_has_a_bound(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_BYTES", 10)
    write(root, {"x.yaml": CONFIG})
    with pytest.raises(FoundError) as caught:
        read_objects("x.yaml", TOOLS)
    assert [finding.id for finding in caught.value.findings] == ["too-large"]


def test_of_two_objects_of_one_name_the_last_counts(root: Path) -> None:
    twice = f"{CONFIG}data: {{a: old}}\n---\n{CONFIG}data: {{a: new}}\n"
    hook = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n"
    write(root, {"x.yaml": twice + hook})
    side = read_objects("x.yaml", TOOLS)
    assert [item.object["data"] for item in side.items] == [{"a": "new"}]
    assert [finding.id for finding in side.findings] == ["duplicate-object", "helm-hook"]
