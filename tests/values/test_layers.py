"""Layers merge as Helm merges, models by name; a place is that of the file which set the value."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.model.reading import read_stack
from llmstack.model.stack import map_defaults
from llmstack.values.layers import MODELS, Layers, merge, merge_layers
from llmstack.values.source import read_source


def _layers(*texts: str, defaults: dict[str, Any] | None = None) -> Layers:
    names = ["base", "prod"][-len(texts) :]
    sources = [read_source(f"values/{name}.yaml", text.encode()) for name, text in zip(names, texts, strict=True)]
    return merge_layers(sources, defaults or {})


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"p": {"httpGet": {"path": "/"}, "periodSeconds": 5}}, {"p": {"exec": {}}}, {"p": {"exec": {}, "periodSeconds": 5}}),
        ({"p": {"httpGet": {"path": "/", "port": 1}}}, {"p": {"httpGet": {"port": 2}}}, {"p": {"httpGet": {"path": "/", "port": 2}}}),
        ({"strategy": {"rollingUpdate": {"maxSurge": 1}}}, {"strategy": {"type": "Recreate"}}, {"strategy": {"type": "Recreate"}}),
        (
            {"strategy": {"type": "Recreate"}}, {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
        ),
    ],
)  # fmt: skip
def test_merging(lower: dict[str, Any], upper: dict[str, Any], merged: dict[str, Any]) -> None:
    assert merge(lower, upper) == merged


BASE = "servingEngineSpec:\n  modelSpec:\n  - name: a\n    tag: v1\n    env: [{name: X, value: x}]\n  - name: b\n    tag: v1\n"
PROD = "servingEngineSpec:\n  modelSpec:\n  - name: c\n    tag: v3\n  - name: a\n    replicaCount: 2\n"


def test_models_merge_by_name() -> None:
    models = _layers(BASE, PROD).data["servingEngineSpec"]["modelSpec"]
    assert [model["name"] for model in models] == ["a", "b", "c"]
    assert models[0] == {"name": "a", "tag": "v1", "env": [{"name": "X", "value": "x"}], "replicaCount": 2}


def test_places_are_those_of_the_file_that_set_the_value() -> None:
    layers = _layers(BASE, PROD)
    places = {
        (0, "replicaCount"): "values/prod.yaml:6:5",
        (0, "tag"): "values/base.yaml:4:5",
        (0, "env", 0, "value"): "values/base.yaml:5:21",
        (1, "tag"): "values/base.yaml:7:5",
        (2, "tag"): "values/prod.yaml:4:5",
        (2, "missing"): "values/prod.yaml:3:5",
    }
    assert {route: str(layers.place((*MODELS, *route))) for route in places} == places


def test_other_spellings_meet_across_layers() -> None:
    layers = _layers("cacheserverSpec: {enabled: true, tag: v1}\n", "cacheServerSpec:\n  image: {tag: v2}\n")
    assert layers.data == {"cacheServerSpec": {"enableServer": True, "image": {"tag": "v2"}}}
    assert str(layers.place(("cacheServerSpec", "enableServer"))) == "values/base.yaml:1:19"
    assert str(layers.place(("cacheServerSpec", "image", "tag"))) == "values/prod.yaml:2:11"


def test_a_key_under_two_spellings_is_a_finding() -> None:
    (finding,) = _layers("cacheServerSpec: {enabled: true, enableServer: false}\n").findings
    assert (finding.id, str(finding.place)) == ("duplicate-key", "values/prod.yaml:1:19")


def test_null_removes_a_default() -> None:
    text = "servingEngineSpec: {startupProbe: null, labels: {release: null, team: a}}\nrouterSpec: {resources: {limits: null}}\n"
    _, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert findings == ()
    assert stack is not None
    assert stack.engine.startup_probe is None
    assert stack.engine.labels == {"environment": "test", "team": "a"}
    assert stack.router_spec.resources == {"requests": {"cpu": "4", "memory": "16G"}, "limits": None}


def test_a_map_merges_over_the_default() -> None:
    layers = _layers("servingEngineSpec: {startupProbe: {failureThreshold: 9}}\n", defaults=dict(map_defaults()))
    probe = layers.data["servingEngineSpec"]["startupProbe"]
    assert probe["failureThreshold"] == 9
    assert probe["httpGet"] == {"path": "/health", "port": "container-port"}


def test_merging_changes_neither_layer() -> None:
    defaults = map_defaults()
    before = repr(defaults)
    _layers("servingEngineSpec: {labels: {a: b}, startupProbe: {exec: {command: [x]}}}\n", defaults=dict(defaults))
    assert repr(defaults) == before
