"""What an ApplicationSet's generators make of a tree, and where only the controller knows."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.sync.generators import entries_of
from llmstack.sync.git_entries import Tree
from llmstack.sync.sets import applications_of

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


def merged(keys: list[str], *others: dict[str, Any]) -> dict[str, Any]:
    return {"merge": {"mergeKeys": keys, "generators": [ONE, {"list": {"elements": list(others)}}]}}


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
        ([ONE, folders("overlays/prod/r*")], "{{name}}{{path.basename}}", None),  # neither has both
        ([ONE, {"list": {"elements": [{"name": "z"}]}}], "{{name}}", ["x", "y", "z"]),
        ([{**ONE, "selector": {"matchLabels": {"name": "x"}}}], "{{name}}", ["x"]),
        ([{**ONE, "selector": {"matchExpressions": [{"key": "name", "operator": "NotIn", "values": ["x"]}]}}], "{{name}}", ["y"]),
        ([{**folders("overlays/prod/*"), "selector": {"matchLabels": {"path.basename": "router"}}}], "{{path}}", ["overlays/prod/router"]),
        ([merged(["name"], {"name": "y", "more": "1"}, {"name": "z"})], "{{ .name }}", ["x", "y"]),
        ([merged(["name"], {"name": "y"}, {"name": "y"})], "{{ .name }}", None),  # not by one key
        ([merged([], {"name": "y"})], "{{ .name }}", None),
        ([{"list": {**ONE["list"], "template": {"spec": {"source": {"path": "a/{{ .name }}"}}}}}], "{{ .name }}", ["a/x", "a/y"]),
        ([{"matrix": {"generators": [{"list": {**ONE["list"], "template": {"spec": {"source": {"path": "a"}}}}}, folders("apps/*")]}}],
         "{{ .name }}", ["x", "y"]),
        ([{"matrix": {"generators": [{"clusters": {}}, ONE]}}], "", None),
        ([{"clusters": {}}], "", None),
        ([{"pullRequest": {}}], "", None),
        ([folders("elsewhere/*")], "", None),
        ([folders("*")], "", None),
        ([git(directories=[{"path": "overlays/prod/*"}], revision="a" * 40)], "", None),
        ([{**ONE, "selector": {"matchLabels": {"a": "b"}}}], "", []),
        ([ONE], "{{ .name | upper }}", None),
        ([git(files=[{"path": "apps/broken.txt"}])], "", None),
        ([folders("overlays/prod/models/[lq]*")], "", None),
        ([folders("overlays/prod/models/{llama,qwen}")], "", None),
        ([{"list": {"elementsYaml": "["}}], "", None),
        ([{"list": {"elementsYaml": "{{ .more }}"}}], "", None),
        ([{"matrix": {"generators": [{"list": {"elements": [{"a": "b"}] * 50}}] * 2}}, ONE], "", None),
    ],
)  # fmt: skip
def test_what_generators_make(generators: list[Any], template: str, expected: list[str] | None) -> None:
    assert paths(generators, template) == expected


def paths(generators: list[Any], template: str, **spec: Any) -> list[str] | None:
    """What the Applications of a set build; None where that cannot be told."""
    said = {"metadata": {"name": "a"}, "spec": {"source": {"path": template}}}
    is_go = "{{ ." in f"{template}{generators}" or "{{index" in template
    made = applications_of({"spec": {"generators": generators, "template": said, "goTemplate": is_go, **spec}}, TREE)
    return None if made is None else [each.spec["source"]["path"] for each in made]


@pytest.mark.parametrize(("template", "is_go"), [("{{ .name }}", False), ("{{name}}", True)])
def test_a_field_of_the_other_kind_of_template_is_not_filled(template: str, is_go: bool) -> None:
    assert paths([ONE], template, goTemplate=is_go) is None


@pytest.mark.parametrize(
    ("patch", "spec", "is_told"),
    [
        ("spec: {project: other, revisionHistoryLimit: 1}", {"revisionHistoryLimit": 1}, True),
        ("spec: {source: {path: null}, info: [{name: a, value: '{{ .name }}'}]}", {"source": {}, "info": [{"name": "a", "value": "x"}]}, True),
        ('{"spec": {"info": {{ .more | toJson }}}}', {"info": [1]}, True),
        ('{{ if eq .name "x" }}spec: {}{{ end }}', {}, False),
        ("spec: [", {}, False),
    ],
)  # fmt: skip
def test_what_a_patch_makes_of_an_entry(patch: str, spec: dict[str, Any], is_told: bool) -> None:
    """The project stays whatever a patch says."""
    template = {"metadata": {"name": "a"}, "spec": {"project": "own", "source": {"path": "a"}}}
    said = {
        "generators": [{"list": {"elements": [{"name": "x", "more": [1]}]}}],
        "goTemplate": True,
        "templatePatch": patch,
    }
    made = applications_of({"spec": {"template": template, **said}}, TREE)
    assert made is not None
    assert (made[0].spec, not made[0].unread) == ({"project": "own", "source": {"path": "a"}, **spec}, is_told)


def test_values_of_a_generator() -> None:
    stated = git(directories=[{"path": "overlays/prod/models/*"}], values={"unit": "prod.{{path.basename}}"})
    assert paths([stated], "{{values.unit}}") == ["prod.llama", "prod.qwen"]


def test_a_pattern_takes_no_time() -> None:
    long = f"overlays/{'a' * 200}/kustomization.yaml"
    tree = Tree(lambda folder: [long], lambda path: "")
    assert entries_of(folders(f"overlays/{'*a' * 60}b"), tree) == []
    assert entries_of(git(files=[{"path": f"overlays/{'*a' * 60}b"}]), tree) == []
