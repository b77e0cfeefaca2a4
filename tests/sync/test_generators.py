"""What an ApplicationSet's generators make of a tree, and where only the controller knows."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.sync.generators import Tree, entries_of, filled

FILES = {
    "overlays/prod/models/llama/kustomization.yaml": "",
    "overlays/prod/models/qwen/kustomization.yaml": "",
    "overlays/prod/models/qwen/.hidden/x.yaml": "",
    "overlays/prod/router/kustomization.yaml": "",
    "apps/a.yaml": "name: a\ncluster: {url: https://a}\n",
    "apps/more/b.yaml": "- name: b\n- name: c\n",
    "apps/broken.txt": "{",
}
TREE = Tree(lambda folder: [path for path in FILES if path.startswith(f"{folder}/")], FILES.get)
ONE = {"list": {"elements": [{"name": "x"}, {"name": "y"}]}}


def git(**fields: Any) -> dict[str, Any]:
    return {"git": {"repoURL": "https://git.example.com/llm.git", "revision": "HEAD", **fields}}


def folders(*patterns: str, but: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"path": each} for each in patterns] + [{"path": each, "exclude": True} for each in but]
    return git(directories=listed)


@pytest.mark.parametrize(
    ("generators", "template", "expected"),
    [
        ([ONE], "{{ .name }}", ["x", "y"]),
        ([ONE], "prod-{{name}}", ["prod-x", "prod-y"]),
        ([{"list": {"elementsYaml": "[{name: z}]"}}], "{{ .name }}", ["z"]),
        ([folders("overlays/prod/models/*")], "{{path.basename}}", ["llama", "qwen"]),
        ([folders("overlays/prod/models/*")], "{{ .path.path }}", [f"overlays/prod/models/{n}" for n in ("llama", "qwen")]),
        ([folders("overlays/*/models/*")], "{{path}} {{path[1]}}", [f"overlays/prod/models/{n} prod" for n in ("llama", "qwen")]),
        ([folders("overlays/prod/*")], "{{index .path.segments 2}}", ["models", "router"]),
        ([folders("overlays/prod/models/*", but=("overlays/prod/models/qwen",))], "{{path.basename}}", ["llama"]),
        ([git(files=[{"path": "apps/a.yaml"}])], "{{name}} {{cluster.url}} {{path.filename}}", ["a https://a a.yaml"]),
        ([git(files=[{"path": "apps/more/*.yaml"}])], "{{ .name }} {{ .path.basename }}", ["b more", "c more"]),
        ([git(files=[{"path": "apps/*.yaml"}])], "{{ .name }}", None),  # whether a star matches slashes, a setting says
        ([{"matrix": {"generators": [ONE, folders("overlays/prod/models/*")]}}], "{{name}}-{{path.basename}}",
         ["x-llama", "x-qwen", "y-llama", "y-qwen"]),
        ([{"matrix": {"generators": [{"list": {"elements": [{"env": "prod"}]}}, folders("overlays/{{env}}/models/*")]}}],
         "{{env}}-{{path.basename}}", ["prod-llama", "prod-qwen"]),
        ([{**ONE}, folders("overlays/prod/r*")], "{{name}}{{path.basename}}", ["x{{path.basename}}", "y{{path.basename}}", "{{name}}router"]),
        ([{"matrix": {"generators": [{"clusters": {}}, ONE]}}], "", None),
        ([{"clusters": {}}], "", None),
        ([{"pullRequest": {}}], "", None),
        ([folders("elsewhere/*")], "", None),
        ([folders("*")], "", None),
        ([git(directories=[{"path": "overlays/prod/*"}], revision="a" * 40)], "", None),
        ([{**ONE, "selector": {"matchLabels": {"a": "b"}}}], "", None),
        ([git(files=[{"path": "apps/broken.txt"}])], "", None),
        ([folders("overlays/prod/models/[lq]*")], "", None),
        ([folders("overlays/prod/models/{llama,qwen}")], "", None),
        ([{"list": {"elementsYaml": "["}}], "", None),
        ([{"list": {"elementsYaml": "{{ .more }}"}}], "", None),
        ([{"matrix": {"generators": [{"list": {"elements": [{"a": "b"}] * 50}}] * 2}}, ONE], "", None),
    ],
)  # fmt: skip
def test_what_generators_make(generators: list[Any], template: str, expected: list[str] | None) -> None:
    entries = entries_of({"generators": generators}, TREE)
    assert (None if entries is None else [filled(template, each) for each in entries]) == expected


def test_values_of_a_generator() -> None:
    stated = git(directories=[{"path": "overlays/prod/models/*"}], values={"unit": "prod.{{path.basename}}"})
    entries = entries_of({"generators": [stated]}, TREE)
    assert entries is not None
    assert [filled("{{values.unit}}", each) for each in entries] == ["prod.llama", "prod.qwen"]


def test_a_pattern_takes_no_time() -> None:
    long = f"overlays/{'a' * 200}/kustomization.yaml"
    tree = Tree(lambda folder: [long], lambda path: "")
    assert entries_of({"generators": [folders(f"overlays/{'*a' * 60}b")]}, tree) == []
    assert entries_of({"generators": [git(files=[{"path": f"overlays/{'*a' * 60}b"}])]}, tree) == []
