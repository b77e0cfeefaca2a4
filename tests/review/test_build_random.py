"""The build in process against the real kustomize, on random layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.review.trees import Object, Tree, canonical, kustomization, texts, thing

from llmstack.kustomize.build import Unsupported, build

Build = Callable[[Mapping[str, str], str], list[Object]]


NAMES = st.sampled_from(["one", "two", "three", "four", "five", "six"])
SPEC = st.dictionaries(
    st.sampled_from("abc"), st.one_of(NAMES, st.none(), st.just({"$patch": "replace", "x": 1})), max_size=3
)
KIND = st.sampled_from(["ConfigMap", "Service", "Namespace", "ServiceAccount"])
TARGET = st.fixed_dictionaries(
    {"kind": KIND},
    optional={"name": NAMES, "labelSelector": st.sampled_from(["l=one", "l=one,m=two", "m=two"])},
)
LABELS = st.fixed_dictionaries({}, optional={"l": NAMES, "m": NAMES})


@st.composite
def layers(draw: st.DrawFn) -> Tree:
    """Two bases, a component, a unit on one or both, and an aggregate, with random objects and patches."""
    tree: Tree = {}

    def fill(directory: str, kind: str = "Kustomization", **fields: Any) -> None:
        resources, patches = fields.pop("resources", []), []
        for number in range(draw(st.integers(0, 3))):
            tree[f"{directory}/o{number}.yaml"] = thing(draw(KIND), draw(NAMES), labels=draw(LABELS), spec={"a": "old"})
            resources.append(f"o{number}.yaml")
        for number in range(draw(st.integers(0, 2))):
            target = draw(TARGET)
            body = thing(target["kind"], draw(NAMES), spec=draw(SPEC))
            tree[f"{directory}/p{number}.yaml"] = body | ({"$patch": "delete"} if draw(st.integers(0, 5)) == 0 else {})
            options = {"options": {"allowNameChange": True}} if draw(st.booleans()) else {}
            patches.append({"path": f"p{number}.yaml", "target": target} | options)
        if draw(st.booleans()) and directory != "top":
            fields["namespace"] = draw(st.sampled_from(["n1", "n2"]))
        tree[f"{directory}/kustomization.yaml"] = kustomization(kind, resources=resources, patches=patches, **fields)

    fill("base/a")
    fill("base/b", resources=draw(st.sampled_from([[], ["../a"]])))
    fill("component", "Component")
    fill("unit", resources=draw(st.sampled_from([["../base/a"], ["../base/b"]])), components=["../component"])
    fill("top", resources=["../unit"])
    return tree


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers())
def test_random_layers_build_as_kustomize_builds_them(kustomize: Build, tree: Tree) -> None:
    files = texts(tree)
    try:
        mine = build(files.get, "top")
    except Unsupported:
        return
    assert canonical(mine) == canonical(kustomize(files, "top"))
