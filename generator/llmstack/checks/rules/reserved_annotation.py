"""An annotation that kustomize takes for its own.

`config.kubernetes.io/…`, `internal.config.kubernetes.io/…` and `kustomize.config.k8s.io/…` are how kustomize
tells itself things while it builds (api/internal/utils/annotations.go, kyaml/kio/kioutil/kioutil.go): it
removes some of them from the result, and with `config.kubernetes.io/local-config` the whole object. So an
object would not come out of a build as it was written.

Fix: use a prefix of your own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity

RULE = Declaration("reserved-annotation", Severity.ERROR)

RESERVED = (
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "kustomize.config.k8s.io/",
    "config.k8s.io/",
)


def run(subject: Subject) -> Iterator[Problem]:
    for block in subject.blocks:
        if block.role == "annotations" and block.route[-1] != "podAnnotations":
            yield from _annotations(block.route, block.value)
    for route, object in subject.extra_objects():
        metadata = object.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict):
            yield from _annotations((*route, "metadata", "annotations"), annotations)


def _annotations(route: Route, annotations: Mapping[Any, Any]) -> Iterator[Problem]:
    for key in annotations:
        if isinstance(key, str) and key.startswith(RESERVED):
            message = f"kustomize reserves `{key}`: it acts on it or removes it"
            yield Problem(message, (*route, key), help="use a prefix of your own, such as `example.com/`")
