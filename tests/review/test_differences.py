"""Where a difference leads to in an object, and how one that is new, gone or of another type is told."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.arguments import is_command_line, last_flags, parse_flags
from llmstack.review.differences import differences, route_to

OBJECT: dict[str, Any] = {
    "metadata": {"annotations": {"a.b/c": "x"}},
    "spec": {
        "containers": [{"name": "a"}, {"name": "b", "env": [{"name": "X", "value": "1"}], "args": ["m", "--port", "1"]}],
        "ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("spec.containers[b].env[X].value", ("spec", "containers", 1, "env", 0, "value")),
        ("spec.containers[b].args[1]", ("spec", "containers", 1, "args", 1)),
        ("spec.containers[b].args[--port]", ("spec", "containers", 1, "args")),
        ("spec.containers[b].args[3]", ("spec", "containers", 1, "args")),
        ("spec.containers[b].args(order)", ("spec", "containers", 1, "args")),
        ("spec.containers[b].args(spelling)", ("spec", "containers", 1, "args")),
        ("spec.containers[c].image", ("spec", "containers")),
        ("spec.ports[80/UDP]", ("spec", "ports", 1)),
        ("spec.ports[80]", ("spec", "ports", 0)),
        ("metadata.annotations[a.b/c]", ("metadata", "annotations", "a.b/c")),
        ("metadata.labels.a", ("metadata",)),
        ("metadata.annotations[a.b/c].d", ("metadata", "annotations", "a.b/c")),
        ("", ()),
    ],
)
def test_a_path_leads_to_a_field_as_far_as_it_is_there(path: str, route: tuple[Any, ...]) -> None:
    assert route_to(OBJECT, path) == route


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
        ({"a": {"b": 1}}, {"a": {"b": True}}, [("a.b", 1, True)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({}, {"a": {"b": {"c": 1}}}, [("a.b.c", None, 1)]),
        ({"a": {"b": {"c": 1}}}, {}, [("a.b.c", 1, None)]),
        ({}, {"a": {"b": 1, "c": 2}}, [("a", None, {"b": 1, "c": 2})]),
        ({}, {"a": {"b": None}}, [("a", None, {"b": None})]),
        ({"a": {}}, {}, [("a", {}, None)]),
        ({"a": [1]}, {"a": {"b": 1}}, [("a", [1], {"b": 1})]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("a", 1, 2), ("b", 1, 2)]),
        ({"x-y": 1}, {"x-y": 2}, [("[x-y]", 1, 2)]),
        ({"a": {"b.c": 1}}, {"a": {"b.c": 2}}, [("a[b.c]", 1, 2)]),
        (
            {"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B", "value": "1"}]},
            [("env[A].value", "1", None), ("env[B].value", None, "1")],
        ),
        (
            {"env": []}, {"env": [{"name": "A", "valueFrom": {"x": {"y": 1}}}]},
            [("env[A].valueFrom.x.y", None, 1)],
        ),
        ({"env": []}, {"env": [{"name": "A"}]}, [("env[A]", None, {"name": "A"})]),
        ({"env": []}, {"env": [{"name": "A", "value": None}]}, [("env[A]", None, {"name": "A", "value": None})]),
        ({"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}, {"name": "A"}]}, []),  # no pod template
        ({"l": [1, 2, 3]}, {"l": [1, 3]}, [("l[1]", 2, None)]),
        ({"l": [1, 2]}, {"l": [1, 2, 3]}, [("l[2]", None, 3)]),
        ({"l": ["a", "b"]}, {"l": ["a", "c"]}, [("l[1]", "b", "c")]),
        ({"items": [{"key": "a", "path": "x"}]}, {"items": [{"key": "a", "path": "y"}]}, [("items[a].path", "x", "y")]),
        ({"ports": [{"name": "x"}]}, {"ports": [{"name": "y"}]}, [("ports[0].name", "x", "y")]),
    ],
)  # fmt: skip
def test_each_field_that_differs(before: Any, after: Any, found: list[tuple[Any, ...]]) -> None:
    assert [(each.path, each.before, each.after) for each in differences(before, after)] == found


@pytest.mark.parametrize(
    ("items", "parsed"),
    [
        (["m", "--a", "1"], {"model": "m", "--a": "1"}),
        (["vllm", "serve", "m", "--a"], {"model": "m", "--a": "true"}),
        (["vllm", "serve", "--a=1"], {"0": "vllm", "1": "serve", "--a": "1"}),
        (["a", "b", "--a"], {"0": "a", "1": "b", "--a": "true"}),
        (["--a", "1", "--a=2", "-x", "-1", "-.5"], {"--a": "1, 2", "-x": "-1 -.5"}),
        (["--a=", "-"], {"--a": " -"}),
        ([], {}),
    ],
)
def test_a_command_line_as_flags(items: list[str], parsed: dict[str, str]) -> None:
    assert parse_flags(items) == parsed


def test_of_equal_flags_the_last_counts() -> None:
    assert last_flags(["--a", "1", "--b", "--a=2"]) == {"--a": "2", "--b": "true"}


@pytest.mark.parametrize(
    ("items", "is_one"), [(["a", "--b"], True), (["a", "-b"], False), (["--b", 1], False), ([], False), ([1, 2], False)]
)
def test_what_is_a_command_line(items: list[Any], is_one: bool) -> None:
    assert is_command_line(items) is is_one
