"""A raw Kubernetes block is not what Kubernetes takes.

`affinity`, `tolerations`, `env`, `resources`, probes, volumes, mounts, strategies, security contexts, extra
ports and the rest are handed to Kubernetes as they are. They are checked here, at their place, against the
schema of `gitops.kubernetesVersion`, and for what the API server asks beyond a schema: a probe has one
handler, a volume one source, a variable `value` or `valueFrom`, operators are those there are. Objects in
`extraObjects` have an `apiVersion`, a `kind` and a `metadata.name`, and fit the schema of their kind where
llmstack has it.

Fix: correct the field; the finding names the nearest one there is. The check cannot be turned off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.checks.fields import ENV_VAR, Block
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes import schema
from llmstack.kubernetes.rules import broken_rules
from llmstack.kubernetes.schema import check_object, check_type
from llmstack.kubernetes.sound import sound, unsound
from llmstack.model.blocks import Kube
from llmstack.objects.placed import prune
from llmstack.schemas import KUBERNETES_VERSIONS
from llmstack.values.layers import MODELS, merge

RULE = Declaration("kubernetes-block", Severity.ERROR, alone=True, foundation=True)


def run(subject: Subject) -> Iterator[Problem]:
    stated = subject.stack.gitops.kubernetes_version
    version = stated if stated in KUBERNETES_VERSIONS else KUBERNETES_VERSIONS[-1]
    for block in subject.blocks:
        if isinstance(block.role, Kube):
            yield from _block(version, _whole(subject, block), block.role)
    for route, object in subject.extra_objects():
        yield from _object(version, route, object)


def _whole(subject: Subject, block: Block) -> Block:
    """A model's probe with what it changes: that of all engines, whose handler it may leave out."""
    shared = getattr(subject.stack.engine, _SHARED.get(str(block.route[-1]), ""), None)
    if block.route[:2] != MODELS or not shared:
        return block
    return Block(block.route, block.role, merge(shared, block.value))


_SHARED = {"startupProbe": "startup_probe", "livenessProbe": "liveness_probe", "readinessProbe": "readiness_probe"}


def _block(version: str, block: Block, kube: Kube) -> Iterator[Problem]:
    key = str(block.route[-1])
    if not kube.many:
        yield from _value(version, kube.definition, block.route, block.value, key)
        return
    for number, item in enumerate(block.value):
        yield from _value(version, kube.definition, (*block.route, number), item, key)


def _value(version: str, definition: str, route: Route, value: Any, key: str) -> Iterator[Problem]:
    secret = definition == ENV_VAR
    problems = (
        list(check_type(version, definition, prune(value)))  # a null removes a default, and goes no further
        or unsound(definition, value)
        or broken_rules(definition, value, key)
    )
    for problem in problems:
        yield _problem(route, problem, secret=secret)


def _object(version: str, route: Route, object: dict[str, Any]) -> Iterator[Problem]:
    metadata = object.get("metadata")
    held = {
        "apiVersion": object.get("apiVersion"),
        "kind": object.get("kind"),
        "metadata.name": metadata.get("name") if isinstance(metadata, dict) else None,
    }
    missing = [key for key, value in held.items() if not isinstance(value, str) or not value]
    for key in missing:
        at = (*route, *key.split("."))
        yield _problem(
            at,
            schema.Problem((), f"`{key}` is missing in an object of extraObjects", "write it out, as text"),
            secret=False,
        )
    if not missing:
        for problem in [*check_object(version, object)] or sound(object)[1]:
            yield _problem(route, problem, secret=object.get("kind") == "Secret")


def _problem(route: Route, problem: schema.Problem, *, secret: bool) -> Problem:
    return Problem(problem.message, (*route, *problem.route), help=problem.help, secret=secret)
