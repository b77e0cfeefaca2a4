"""What changed between two sets of objects, as a reviewer reads it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from tests.review.workloads import Object, plain, workload
from tests.work import count_calls

from llmstack.review.change import Change
from llmstack.review.compare import compare


def changes(before: Object, after: Object) -> list[tuple[str, str | None, str | None]]:
    (change,) = compare({"u": [before]}, {"u": [after]})
    return [(each.path, each.before, each.after) for each in change.changes]


def in_container(before: Any, after: Any, field: str) -> list[tuple[str, str | None, str | None]]:
    prefix = "spec.template.spec.containers[vllm]."
    found = changes(workload(**{field: before}), workload(**{field: after}))
    return [(path.removeprefix(prefix), *sides) for path, *sides in found]  # type: ignore[misc]


ARGS = {
    "a value": (["m", "--len", "1"], ["m", "--len", "2"], [("args[--len]", "1", "2")]),
    "an equals sign": (["m", "--len=1"], ["m", "--len=2"], [("args[--len]", "1", "2")]),
    "a switch": (
        ["m", "--eager"],
        ["m", "--fast"],
        [("args[--eager]", "true", None), ("args[--fast]", None, "true")],
    ),
    "the model": (["a/b", "--len", "1"], ["a/c", "--len", "1"], [("args[model]", "a/b", "a/c")]),
    "the model after vllm serve": (
        ["vllm", "serve", "a/b", "--len", "1"],
        ["vllm", "serve", "a/c", "--len", "1"],
        [("args[model]", "a/b", "a/c")],
    ),
    "a flag given twice": (
        ["m", "--origin", "a"],
        ["m", "--origin", "a", "--origin", "b"],
        [("args[--origin]", "a", "a, b")],
    ),
    "several values": (
        ["m", "--lora-modules", "a=1"],
        ["m", "--lora-modules", "a=1", "b=2"],
        [("args[--lora-modules]", "a=1", "a=1 b=2")],
    ),
    "a short flag": (["m", "--x", "-tp", "2"], ["m", "--x", "-tp", "4"], [("args[-tp]", "2", "4")]),
    "a negative number": (["m", "--seed", "1"], ["m", "--seed", "-1"], [("args[--seed]", "1", "-1")]),
    "the order": (
        ["m", "--a", "1", "--b"],
        ["m", "--b", "--a", "1"],
        [("args(order)", '["m", "--a", "1", "--b"]', '["m", "--b", "--a", "1"]')],
    ),
    "the spelling": (
        ["m", "--a", "1"],
        ["m", "--a=1"],
        [("args(spelling)", '["m", "--a", "1"]', '["m", "--a=1"]')],
    ),
    "a script": (["-c", "sleep 1"], ["-c", "sleep 2"], [("args[1]", "sleep 1", "sleep 2")]),
}


@pytest.mark.parametrize("case", ARGS)
def test_arguments_are_compared_as_flags(case: str) -> None:
    before, after, expected = ARGS[case]
    assert in_container(before, after, "args") == expected


ENV = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
LISTS: dict[str, tuple[str, Any, Any, list[tuple[str, str | None, str | None]]]] = {
    "an item added": ("env", ENV, [*ENV, {"name": "C", "value": "3"}], [("env[C].value", None, "3")]),
    "an item gone": ("env", ENV, ENV[:1], [("env[B].value", "2", None)]),
    "a list added": ("env", None, ENV[:1], [("env", None, '[{"name": "A", "value": "1"}]')]),
    "an item changed": ("env", ENV, [{"name": "A", "value": "9"}, ENV[1]], [("env[A].value", "1", "9")]),
    "items swapped": ("env", ENV, ENV[::-1], [("env(order)", "A, B", "B, A")]),
    "ports": (
        "ports",
        [{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}],
        [{"containerPort": 1, "name": "a"}, {"containerPort": 1, "protocol": "UDP", "name": "b"}],
        [("ports[1].name", None, "a"), ("ports[1/UDP].name", None, "b")],
    ),
    "a list without keys": (
        "envFrom",
        [{"secretRef": {"name": "a"}}],
        [{"secretRef": {"name": "b"}}],
        [("envFrom[0].secretRef.name", "a", "b")],
    ),
    "an item before others": (
        "command",
        ["a", "b", "c"],
        ["x", "a", "b", "c"],
        [("command[0]", None, "x")],
    ),
    "items replaced by more": (
        "command",
        ["a", "b", "c"],
        ["a", "x", "y", "z", "c"],
        [("command[1]", "b", "x"), ("command[2]", None, "y"), ("command[3]", None, "z")],
    ),
    "items replaced by fewer": (
        "command",
        ["a", "b", "b", "b", "c"],
        ["a", "x", "c"],
        [("command[1]", "b", "x"), ("command[2]", "b", None), ("command[3]", "b", None)],
    ),
    "keys twice": (
        "env",
        [ENV[0], ENV[0]],
        [ENV[0]],
        [("env[1]", '{"name": "A", "value": "1"}', None)],
    ),
    "one way down": (
        "resources",
        None,
        {"limits": {"nvidia.com/gpu": 1}},
        [("resources.limits[nvidia.com/gpu]", None, "1")],
    ),
    "text for a number": (
        "resources",
        {"limits": {"cpu": 1}},
        {"limits": {"cpu": "1"}},
        [("resources.limits.cpu", "1", '"1"')],
    ),
    "null is nothing": (
        "env",
        ENV,
        [*ENV, {"name": "C", "value": None}],
        [("env[C]", None, '{"name": "C", "value": null}')],
    ),
}


@pytest.mark.parametrize("case", LISTS)
def test_lists_are_paired_by_what_identifies_their_items(case: str) -> None:
    field, before, after, expected = LISTS[case]
    assert in_container(before, after, field) == expected


def test_objects_pair_by_identity_in_whatever_unit_they_stand() -> None:
    before = {
        "models/a": [workload("a"), plain("Service", "a")],
        "stack": [plain("ConfigMap", "c", data={"x": "1"})],
    }
    after = {"models/b": [workload("a", image="vllm:2")], "stack": [plain("ConfigMap", "c", data={"x": "2"})]}
    after["extra"] = [plain("ConfigMap", "d", data={})]
    found = compare(before, after)
    assert [(each.kind, each.name, each.unit, each.action, each.restarts) for each in found] == [
        ("ConfigMap", "c", "stack", "change", False),
        ("ConfigMap", "d", "extra", "add", False),
        ("Deployment", "a", "models/b", "change", True),
        ("Service", "a", "models/a", "remove", False),
    ]
    assert found[2].causes == ("spec.template.spec.containers[vllm].image",)
    assert found[1].before is None
    assert found[3].after is None
    assert compare(before, copy.deepcopy(before)) == ()


def test_the_order_of_a_services_ports_is_no_change() -> None:
    before = plain("Service", "a", spec={"ports": [{"port": 1}, {"port": 2}]})
    after = plain("Service", "a", spec={"ports": [{"port": 2}, {"port": 1}]})
    assert compare({"u": [before]}, {"u": [after]}) == ()


def test_another_version_of_one_group_is_a_change_and_another_group_another_object() -> None:
    old, new = plain("X", "a") | {"apiVersion": "g/v1"}, plain("X", "a") | {"apiVersion": "g/v2"}
    assert changes(old, new) == [("apiVersion", "g/v1", "g/v2")]
    found = compare({"u": [old]}, {"u": [old | {"apiVersion": "h/v1"}]})
    assert [each.action for each in found] == ["remove", "add"]


def test_a_change_of_spelling_is_shown_and_restarts_nothing() -> None:
    (change,) = compare(
        {"u": [workload(resources={"limits": {"cpu": "1000m"}})]},
        {"u": [workload(resources={"limits": {"cpu": 1}})]},
    )
    assert change.changes == (Change("spec.template.spec.containers[vllm].resources.limits.cpu", "1000m", "1"),)
    assert (change.restarts, change.causes) == (False, ())


def test_a_config_map_behind_a_checksum_is_a_cause() -> None:
    before, after = (
        workload(envFrom=[{"configMapRef": {"name": "c"}}]),
        workload(envFrom=[{"configMapRef": {"name": "c"}}]),
    )
    after["spec"]["template"]["metadata"]["annotations"]["checksum/config"] = "2"
    found = compare(
        {"m": [before], "stack": [plain("ConfigMap", "c", data={"x": "1"})]},
        {"m": [after], "stack": [plain("ConfigMap", "c", data={"x": "2"})]},
    )
    assert found[1].causes == ("spec.template.metadata.annotations[checksum/config]", "ConfigMap/c")


def test_the_order_of_objects_and_keys_does_not_matter() -> None:
    def turned(value: Any) -> Any:
        return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    before, after = [workload("a"), workload("b")], [workload("b", image="x"), workload("a", image="x")]
    one = compare({"u": before}, {"u": after})
    other = compare({"u": [turned(item) for item in before[::-1]]}, {"u": [turned(item) for item in after[::-1]]})
    assert one == other
    assert json.dumps([list(each.causes) for each in one]) == json.dumps([list(each.causes) for each in other])


def test_a_changed_model_costs_a_bounded_number_of_calls() -> None:
    before = {f"models/{number}": [workload(f"m{number}", env=ENV * 1)] for number in range(100)}
    after = {f"models/{number}": [workload(f"m{number}", image="x", env=ENV * 1)] for number in range(100)}
    calls = count_calls(lambda: compare(before, after))
    assert len(compare(before, after)) == 100
    assert calls < 100 * 5_000


def definition(scope: str) -> Object:
    spec = {"group": "acme.io", "names": {"kind": "Widget"}, "scope": scope}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}


STORE = {"apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore", "spec": {"provider": 1}}
WIDGET = {"apiVersion": "acme.io/v1", "kind": "Widget", "spec": {"size": 1}}


@pytest.mark.parametrize(
    ("obj", "more", "said"),
    [
        (STORE, [], ["change"]),  # the API server leaves the namespace out: it is the same object
        (STORE | {"kind": "SecretStore"}, [], ["remove", "add"]),
        (WIDGET, [definition("Cluster")], ["change"]),
        (WIDGET, [definition("Namespaced")], ["remove", "add"]),
        (WIDGET, [], ["remove", "add"]),
    ],
)
def test_what_stands_outside_every_namespace_moves_to_none(obj: Object, more: list[Object], said: list[str]) -> None:
    there = [each | {"metadata": {"name": "widgets.acme.io"}} for each in more]
    sides = [{"u": [obj | {"metadata": {"name": "a", "namespace": space}}, *there]} for space in ("ai", "llm")]
    assert [each.action for each in compare(*sides)] == said
