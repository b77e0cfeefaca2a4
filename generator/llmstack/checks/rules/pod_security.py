"""A pod goes beyond the Pod Security level of its namespace.

`gitops.podSecurity` (baseline unless stated) says which of the Pod Security Standards the namespace enforces.
Beyond "baseline" are host namespaces, privileged containers, added capabilities other than the thirteen that
are usual, hostPath volumes, host ports, probes of other hosts, AppArmor, SELinux, seccomp and sysctl settings
that loosen the sandbox, and an unmasked /proc; "restricted" wants more: runAsNonRoot, no privilege
escalation, all capabilities dropped, a seccomp profile, and volumes of a few kinds only. (Kubernetes
documentation, "Pod Security Standards".) Where llmstack writes the Namespace (`createNamespace`), it enforces
the level, and pods beyond it are refused: an error. Else it is a warning.

Fix: remove the setting from `securityContext` or `containerSecurityContext`; or, where it is needed, set
`gitops.podSecurity: privileged`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pod_standards import Breach, annotated, breaches
from llmstack.kubernetes.pods import pod_templates
from llmstack.objects.placed import Placed

RULE = Declaration("pod-security", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_SHARED = frozenset(("containerSecurityContext", "securityContext"))


def run(subject: Subject) -> Iterator[Problem]:
    level = subject.stack.gitops.pod_security
    if level == "privileged":
        return
    said: set[tuple[Route, str]] = set()
    for placed in subject.objects:
        for path, pod in pod_templates(placed.object):
            spec = found if isinstance(found := pod.get("spec"), dict) else {}
            for breach in chain(breaches(spec, restricted=level == "restricted"), annotated(pod)):
                inside = () if breach.route[0] == "metadata" else ("spec",)
                route = _route(subject, placed, (*path, *inside), spec, breach)
                message = f"{breach.what} is beyond Pod Security `{breach.level}`"
                if (route, message) not in said:
                    said.add((route, message))
                    yield Problem(message, route, help=breach.help, milder=not subject.stack.gitops.create_namespace)


def _route(subject: Subject, placed: Placed, path: Route, spec: dict[str, Any], breach: Breach) -> Route:
    """The key of the values that a field of a pod comes from."""
    base = subject.route_of(placed)
    if base[:1] == ("extraObjects",):
        return (*base, *path, *breach.route)
    if breach.route[:1] == ("volumes",):
        return _volume(subject, base, spec["volumes"][breach.route[1]].get("name"))
    engine = base[:1] == ("servingEngineSpec",)
    section: Route = ("servingEngineSpec",) if engine else base
    own = {"loraController": "podSecurityContext"}.get(str(section[:1] and section[0]), "securityContext")
    if breach.route[:1] == ("securityContext",):
        return (*section, own, *breach.route[1:])
    if len(breach.route) > 2 and breach.route[2] == "securityContext":
        return (*section, "containerSecurityContext", *breach.route[3:])
    return base


def _volume(subject: Subject, base: Route, name: object) -> Route:
    """The entry of extraVolumes that a volume comes from."""
    for block in subject.blocks:
        if block.route[:-1] == base and block.route[-1] == "extraVolumes":
            for number, volume in enumerate(block.value):
                if volume.get("name") == name:
                    return (*block.route, number)
    return base
