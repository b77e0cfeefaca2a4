"""`extraObjects`."""

from __future__ import annotations

import pytest

from llmstack.objects.components import build_all
from tests.objects.support import stack_of

CONFIG_MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}"


def extra(*objects: str) -> list[tuple[str, str | None, str]]:
    """Kind, namespace and slot of what is written."""
    values = "gitops: {namespace: llm}\nextraObjects:\n" + "".join(f"- {item}\n" for item in objects)
    found = [placed for placed in build_all(stack_of(values)) if placed.unit == "extra"]
    return [(p.object["kind"], p.object["metadata"].get("namespace"), p.slot) for p in found]


def test_namespaces_are_written_out_where_there_is_one() -> None:
    assert extra(
        CONFIG_MAP % "a",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}",
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}}",
    ) == [
        ("ConfigMap", "llm", "configmap-a"),
        ("ConfigMap", "other", "configmap-a-2"),
        ("PriorityClass", None, "priorityclass-high"),
    ]


def test_a_list_is_what_it_holds() -> None:
    assert extra(f"{{apiVersion: v1, kind: List, items: [{CONFIG_MAP % 'a'}, {CONFIG_MAP % 'b'}]}}") == [
        ("ConfigMap", "llm", "configmap-a"),
        ("ConfigMap", "llm", "configmap-b"),
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: b}}",
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]}",
    ],
)
def test_a_secret_is_never_written(secret: str) -> None:
    assert extra(secret) == []


@pytest.mark.parametrize("odd", ["{}", "{kind: ConfigMap}", "{apiVersion: v1, kind: A, metadata: []}",
                                 "{apiVersion: v1, kind: A, metadata: {name: 1}}"])  # fmt: skip
def test_what_is_no_object_is_left_to_the_checks(odd: str) -> None:
    assert extra(odd) == []


def test_template_expressions_do_not_break_it() -> None:
    assert extra("{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}/x'}}") == [
        ("ConfigMap", "llm", "configmap-release-name-x")
    ]
