"""Mounts of volumes that a pod does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from llmstack.checks.rule import Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route
from llmstack.kubernetes.pods import containers, maps, pod_specs
from llmstack.kubernetes.volumes import with_claims
from llmstack.model.models import Model


def dangling_mounts(subject: Subject) -> Iterator[Problem]:
    """Yield a problem for each mount, in the pods of the environment, whose volume the pod does not have."""
    models = {f"models/{model.name}": (at, model) for at, model in subject.models()}
    for placed in subject.objects:
        for path, spec in pod_specs(placed.object):
            volumes = [volume.get("name") for volume in maps(with_claims(spec, placed.object).get("volumes"))]
            for kind, number, container in containers(spec):
                for index, mount in enumerate(container.get("volumeMounts") or []):
                    if isinstance(mount, dict) and mount.get("name") not in volumes:
                        base = subject.route_of(placed)
                        if base[:1] == ("extraObjects",):
                            route = (*base, *path, kind, number, "volumeMounts", index, "name")
                        else:
                            route = _route(base, models.get(placed.unit), mount)
                        yield _problem(route, mount, volumes)


def _problem(route: Route, mount: dict[str, Any], volumes: list[Any]) -> Problem:
    name = str(mount.get("name"))
    near = difflib.get_close_matches(name, [volume for volume in volumes if isinstance(volume, str)], n=1)
    message = f"the pod has no volume `{name}` to mount at {mount.get('mountPath')}"
    help = f"did you mean `{near[0]}`?" if near else "add it to extraVolumes"
    return Problem(message, route, help=help)


def _route(base: Route, found: tuple[Route, Model] | None, mount: dict[str, Any]) -> Route:
    """The entry of extraVolumeMounts that the mount comes from."""
    if found is None:
        return (*base, "extraVolumeMounts")
    at, model = found
    for index, entry in enumerate(model.extra_volume_mounts or []):
        if entry.get("mountPath") == mount.get("mountPath"):
            return (*at, "extraVolumeMounts", index)
    for number, init in enumerate(model.init_container or []):
        for index, entry in enumerate(init.extra_volume_mounts or []):
            if entry.get("mountPath") == mount.get("mountPath"):
                return (*at, "initContainer", number, "extraVolumeMounts", index)
    return at
