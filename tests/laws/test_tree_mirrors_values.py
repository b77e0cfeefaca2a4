"""«The tree mirrors the values»: which files a change of values changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.laws.trees import tree_of

Values = dict[str, Any]


def _model(name: str, **more: Any) -> Values:
    return {
        "name": name,
        "repository": "vllm/vllm-openai",
        "tag": "v0.11.2",
        "modelURL": f"org/{name}",
        **more,
    }


BASE: Values = {"servingEngineSpec": {"modelSpec": [_model("shared", vllmConfig={"maxModelLen": 4096})]}}
PROD: Values = {
    "servingEngineSpec": {
        "labels": {"environment": "prod"},
        "modelSpec": [
            {"name": "shared", "replicaCount": 3},
            *(_model(f"m{number}", requestGPU=1, pvcStorage="10Gi") for number in range(8)),
        ],
    }
}
DEV: Values = {"servingEngineSpec": {"modelSpec": [_model("small")]}}


def _changed(before: Values, after: Values) -> set[str]:
    old, new = tree_of(before).files, tree_of(after).files
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def _edited(values: Values, **edits: Any) -> Values:
    """A copy of one layer with dotted routes set: `{"servingEngineSpec.schedulerName": "x"}`."""
    result = copy.deepcopy(values)
    for route, value in edits.items():
        here: Any = result
        *steps, last = route.split(".")
        for step in steps:
            here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
        here[int(last) if last.isdigit() else last] = value
    return result


def test_a_value_that_a_unit_carries_changes_its_lines_in_that_one_file() -> None:
    after = _edited(PROD, **{"servingEngineSpec.modelSpec.0.replicaCount": 4})
    before, new = tree_of({"base": BASE, "prod": PROD}).files, tree_of({"base": BASE, "prod": after}).files
    changed = {path for path in before if before[path] != new[path]}
    assert changed == {"overlays/prod/models/shared/deployment.yaml"}
    (path,) = changed
    lines = set(before[path].split("\n")) ^ set(new[path].split("\n"))
    assert lines == {"  replicas: 3", "  replicas: 4"}


def test_a_first_override_adds_the_field_to_that_units_patch() -> None:
    after = _edited(PROD, **{"servingEngineSpec.modelSpec.0.tag": "v0.12.0"})
    assert _changed({"base": BASE, "prod": PROD}, {"base": BASE, "prod": after}) == {
        "overlays/prod/models/shared/deployment.yaml"
    }


@pytest.mark.parametrize(
    ("route", "value"),
    [
        ("servingEngineSpec.schedulerName", "volcano"),
        ("servingEngineSpec.startupProbe", {"failureThreshold": 200}),
        ("servingEngineSpec.livenessProbe", {"periodSeconds": 30}),
        ("servingEngineSpec.imagePullPolicy", "IfNotPresent"),
        ("servingEngineSpec.securityContext", {"fsGroup": 1000}),
        ("servingEngineSpec.tolerations", [{"key": "gpu", "operator": "Exists"}]),
        ("servingEngineSpec.runtimeClassName", "other"),
        ("servingEngineSpec.labels", {"environment": "prod", "tier": "gold"}),
    ],
)
def test_a_stack_key_changes_one_file_of_the_environment(route: str, value: Any) -> None:
    after = _edited(PROD, **{route: value})
    changed = _changed({"base": BASE, "prod": PROD, "dev": DEV}, {"base": BASE, "prod": after, "dev": DEV})
    component = {
        "overlays/prod/engine/deployment.yaml",
        "overlays/prod/engine/kustomization.yaml",
        "overlays/prod/engine/service.yaml",
    }
    assert changed
    assert changed - {"overlays/prod/REQUIREMENTS.md"} <= component


def test_a_stack_key_reaches_a_model_only_where_it_carries_the_same_list() -> None:
    upper = _edited(PROD, **{"servingEngineSpec.modelSpec.1.tolerations": [{"key": "own", "operator": "Exists"}]})
    after = _edited(upper, **{"servingEngineSpec.tolerations": [{"key": "gpu", "operator": "Exists"}]})
    changed = _changed({"base": BASE, "prod": upper}, {"base": BASE, "prod": after})
    models = {path for path in changed if "/models/" in path}
    assert models == {"overlays/prod/models/m0/deployment.yaml"}


def test_a_key_of_base_changes_base_and_an_overlay_only_where_it_overrides_the_list() -> None:
    after = _edited(BASE, **{"servingEngineSpec.modelSpec.0.tag": "v0.12.0"})
    both = {"prod": PROD, "dev": DEV}
    assert _changed({"base": BASE, **both}, {"base": after, **both}) == {"base/models/shared/deployment.yaml"}

    dev = _edited(DEV, **{"servingEngineSpec.modelSpec.0": {"name": "shared", "vllmConfig": {"dtype": "half"}}})
    after = _edited(BASE, **{"servingEngineSpec.modelSpec.0.vllmConfig.maxModelLen": 8192})
    changed = _changed({"base": BASE, "prod": PROD, "dev": dev}, {"base": after, "prod": PROD, "dev": dev})
    assert changed == {"base/models/shared/deployment.yaml", "overlays/dev/models/shared/deployment.yaml"}


def test_the_namespace_changes_the_units_that_state_it_and_no_patch_of_an_engine() -> None:
    after = _edited(PROD, **{"gitops.namespace": "llm"})
    changed = _changed({"base": BASE, "prod": PROD}, {"base": BASE, "prod": after})
    engines = {path for path in changed if "/models/" in path}
    assert engines
    assert all(path.endswith("/kustomization.yaml") for path in engines)


def test_a_model_in_one_environment_only_touches_its_own_folder_and_the_list() -> None:
    models = [*PROD["servingEngineSpec"]["modelSpec"], _model("new")]
    after = _edited(PROD, **{"servingEngineSpec.modelSpec": models})
    changed = _changed({"base": BASE, "prod": PROD, "dev": DEV}, {"base": BASE, "prod": after, "dev": DEV})
    own = {path for path in changed if path.startswith("overlays/prod/models/new/")}
    assert own
    assert changed - own == {"overlays/prod/kustomization.yaml"}


def test_base_is_a_function_of_values_base_alone() -> None:
    def base(values: Values) -> dict[str, str]:
        return {path: text for path, text in tree_of(values).files.items() if path.startswith("base/")}

    assert base({"base": BASE, "prod": PROD, "dev": DEV}) == base({"base": BASE, "dev": {}})


@pytest.mark.parametrize("switch", ["routerSpec.enableRouter", "servingEngineSpec.modelSpec.0.enabled"])
def test_a_component_off_in_one_environment_leaves_nothing_of_it_there(switch: str) -> None:
    after = _edited(PROD, **{switch: False})
    files = tree_of({"base": BASE, "prod": after, "dev": DEV}).files
    gone = "overlays/prod/router/" if "router" in switch else "overlays/prod/models/shared/"
    assert not [path for path in files if path.startswith(gone)]
    assert [path for path in files if path.startswith(gone.replace("prod", "dev"))]
