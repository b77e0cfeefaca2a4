"""A name that Kubernetes refuses, is too long, or is another object's.

Names of models, releases and environments are DNS labels: lower-case letters, digits and `-`, 63 characters
at most. They are parts of the names of objects, each with a limit of its own: 63 for Services (which begin
with a letter), Namespaces, label values, volumes and containers; 253 for other objects; 53 for a RayCluster,
whose operator makes Services of its name (MaxRayClusterNameLength,
ray-operator/controllers/ray/utils/constant.go); 52 for a CronJob and a StatefulSet, 50 for a LeaderWorkerSet,
which makes a StatefulSet for each group: its pods carry the name and a hash as a label (kubernetes/kubernetes
issue 64023). (Names of pods are cut to fit by the API: names.SimpleNameGenerator, k8s.io/apiserver
pkg/storage/names/generate.go.) Nothing is ever shortened or rewritten in silence. Two objects of one kind,
namespace and name, a model called `shared-pvc` beside sharedStorage for instance, would be one.

Fix: rename the model or `gitops.release`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.checks.fields import VOLUME
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.names import LABEL, SERVICE, Form, form_of, is_label
from llmstack.kubernetes.pods import containers, pod_specs

RULE = Declaration("bad-name", Severity.ERROR, needs_objects=True, alone=True)

_USABLE: Mapping[str, Form] = {
    "Service": SERVICE,
    "RayCluster": replace(SERVICE, limit=53),
    "LeaderWorkerSet": replace(SERVICE, limit=50),
    "StatefulSet": replace(form_of("Namespace"), limit=52),
}
"""Names that every release takes, and what is made of an object can bear, where that is less than the newest takes."""


def run(subject: Subject) -> Iterator[Problem]:
    sound = True
    for at, model in subject.models():
        for finding in _model(at, model.name or ""):
            sound = False
            yield finding
    release = subject.stack.gitops.release
    if len(release) > 63:
        sound = False
        yield Problem(
            f"the release's name has {len(release)} characters; a label value has 63 at most",
            ("gitops", "release"),
            help="shorten it",
        )
    if len(subject.stack.gitops.namespace) > 63:
        message = f"the namespace's name has {len(subject.stack.gitops.namespace)} characters; it may have 63"
        yield Problem(message, ("gitops", "namespace"), help="shorten it")
    for block in subject.blocks:
        if block.definition == VOLUME:
            yield from _volumes(block.route, block.value)
    if sound:
        yield from _objects(subject)


def _model(at: Route, name: str) -> Iterator[Problem]:
    if not name:
        return
    if not re.fullmatch(LABEL, name):
        proposal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        help = f"for instance `{proposal}`" if proposal else "use lower-case letters, digits and `-`"
        yield Problem(
            f"`{name}` is not a DNS label: lower-case letters, digits and `-`, no more", (*at, "name"), help=help
        )
    elif len(name) > 63:
        yield Problem(
            f"the model's name has {len(name)} characters; a label value has 63 at most",
            (*at, "name"),
            help="shorten it",
        )


def _volumes(route: Route, volumes: list[dict[str, Any]]) -> Iterator[Problem]:
    for number, volume in enumerate(volumes):
        name = volume.get("name")
        if isinstance(name, str) and not is_label(name):
            message = f"`{name}` is not a volume's name: a DNS label of 63 characters at most"
            yield Problem(message, (*route, number, "name"), help="use lower-case letters, digits and `-`")


def _objects(subject: Subject) -> Iterator[Problem]:
    """Names of objects and of the containers in them, and objects that are there twice."""
    seen: set[tuple[str, str, str | None, str]] = set()
    worst: dict[Route, _Fault] = {}
    for placed in subject.objects:
        object, route = placed.object, subject.route_of(placed)
        metadata, kind = object["metadata"], str(object["kind"])
        name, at = str(metadata.get("name")), _named(placed.unit, route)
        found = _fault(kind, name, at)
        if found is not None and found.excess >= worst.get(found.route, found).excess:
            worst[found.route] = found
        identity = (str(object["apiVersion"]), kind, metadata.get("namespace"), name)
        if identity in seen:
            message = f"another {kind} has the name `{name}`"
            yield Problem(message, at, help="rename one of them")
        seen.add(identity)
        yield from _containers(route, object)
    for fault in worst.values():
        yield Problem(fault.message, fault.route, help=fault.help)


class _Fault(Struct, frozen=True):
    """What is wrong with the name of an object; of several at one place the one with most `excess` is
    told."""

    excess: int
    message: str
    route: Route
    help: str


def _fault(kind: str, name: str, at: Route) -> _Fault | None:
    form = _USABLE.get(kind) or form_of(kind)
    excess = len(name) - form.limit
    if excess > 0:
        message = f"{kind} `{name}` has {len(name)} characters; it may have {form.limit}"
        return _Fault(excess, message, at, f"shorten the model's name or gitops.release by {excess}")
    if not form.pattern.fullmatch(name):
        # A model's name is a DNS label by now: what is wrong is how the release begins.
        route = at if at[:1] == ("extraObjects",) else ("gitops", "release")
        return _Fault(0, f"`{name}` is not the name of a {kind}: {form.told}", route, "rename it")
    return None


def _named(unit: str, route: Route) -> Route:
    """Where the name of an object comes from."""
    if unit.startswith("models/") and route[:1] == ("servingEngineSpec",):
        return (*route, "name")
    return (*route, "metadata", "name") if route[:1] == ("extraObjects",) else ("gitops", "release")


def _containers(route: Route, object: dict[str, Any]) -> Iterator[Problem]:
    for path, spec in pod_specs(object):
        names: set[str] = set()
        for kind, number, container in containers(spec):
            name = container.get("name")
            if not isinstance(name, str):
                continue
            key = "initContainer" if kind == "initContainers" and route[:1] == ("servingEngineSpec",) else None
            at = (
                (*route, *path, kind, number, "name")
                if route[:1] == ("extraObjects",)
                else (*route, key, number, "name")
                if key
                else route
            )
            if not is_label(name):
                message = f"`{name}` is not a container's name: a DNS label of 63 characters at most"
                yield Problem(message, at, help="use lower-case letters, digits and `-`")
            if name in names:
                yield Problem(f"another container of the pod has the name `{name}`", at, help="rename one of them")
            names.add(name)
