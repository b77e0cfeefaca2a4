"""What runs in a cluster, compared with the working tree that is to take it over: `diff --before FILE` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from llmstack.errors import FoundError, UsageError
from llmstack.finding import Finding, Place, Severity
from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.scopes import stands_outside
from llmstack.kubernetes.stream import Document, Item
from llmstack.kubernetes.workloads import is_lasting
from llmstack.repository.cases import Case, read_case, unaffected
from llmstack.repository.clusters import begin_beside, in_turn
from llmstack.repository.comparison import Comparison, refuse_unsafe
from llmstack.repository.expected import Units
from llmstack.repository.facts import read_facts
from llmstack.repository.live import as_written, in_words_of
from llmstack.repository.project import Project
from llmstack.repository.read import Reading, read_environment
from llmstack.repository.reviewed import review_cases
from llmstack.repository.streams import Objects
from llmstack.review.compare import compare
from llmstack.review.result import Review
from llmstack.review.wording import listed
from llmstack.sync.manifests import Identity, identify

LEFT = "left"
"""The unit of what no unit of the tree has."""
_PRUNED = ("kustomize.toolkit.fluxcd.io/name", "argocd.argoproj.io/instance")
_TRACKED = "argocd.argoproj.io/tracking-id"
"""By which Flux (inventory labels of kustomize-controller) and Argo CD ("Resource Tracking") know what they applied."""


def review_takeover(
    project: Project, running: Objects, name: str | None, *, today: date, tool_folder: Path | None = None
) -> Review:
    """Review what the working tree of one environment changes of what runs; `name` names it, else its release does.

    What runs and is in no tree stays, and counts, unless a sync tool made it, which then deletes it. Raises UsageError
    where no one environment is meant.
    """
    reading = _choose(project, running, name)
    assert reading.stack is not None
    disk = project.disk
    environment, gitops = reading.environment.name, reading.stack.gitops
    refuse_unsafe(disk, [environment])
    comparison = Comparison(disk, disk, frozenset())
    case = read_case(comparison, environment, unaffected, tool_folder)
    facts = read_facts(case.readings[1], case.units[1])
    case = replace(case, facts=(facts, facts))
    there = _here(running.items, gitops.namespace)
    wanted = {identify(each): Item(each, Document("", "", 1)) for each in case.objects(1)}
    said = {key: replace(item, object=in_words_of(wanted[key].object, item.object)) if key in wanted else item
            for key, item in there.items()}  # fmt: skip
    old, new = as_written(said, wanted)
    left = {key: item for key, item in old.items() if key not in new and not _is_pruned(item.object)}
    taken = _against(case, old, {**new, **left})
    beside = [*in_turn(begin_beside(comparison, {taken.home}, [environment], tool_folder))]
    review = review_cases(comparison, {environment: taken}, beside, today=today, tool_folder=tool_folder)
    shown = review.environments[environment]
    notes = [*running.findings, *_say_left(left, running.name)]
    shown = replace(shown, findings=(*shown.findings, *notes))
    return replace(review, from_revision=running.name, environments={**review.environments, environment: shown})


def _choose(project: Project, running: Objects, name: str | None) -> Reading:
    """The environment that is meant: the one that is named, else the one whose release and namespace what runs has."""
    readings = [read_environment(project.disk, each) for each in project.select([name] if name else [])]
    fitting = readings if name else [each for each in readings if each.stack is not None and _fits(each, running)]
    if len(fitting) != 1:
        which = "no environment has" if not fitting else "several environments have"
        known = ", ".join(each.environment.name for each in fitting or readings)
        raise UsageError(f"{which} the release and namespace of what runs ({known}): name one with --env")
    if fitting[0].stack is None:
        raise FoundError(list(fitting[0].findings))
    return fitting[0]


def _fits(reading: Reading, running: Objects) -> bool:
    """Whether a workload that runs has the name of the release before its own, in its namespace or in none."""
    assert reading.stack is not None
    gitops = reading.stack.gitops
    return any(
        str(item.object["metadata"]["name"]).startswith(f"{gitops.release}-")
        for item in running.items
        if is_lasting(str(item.object["kind"])) and _namespace(item.object) in ("", gitops.namespace)
    )


def _namespace(object: Object) -> str:
    return str(object["metadata"].get("namespace") or "")


def _here(items: Sequence[Item], namespace: str) -> dict[Identity, Item]:
    """What runs in the namespace, by identity: `helm get manifest` may say none. What has no namespace is everybody's
    and is compared where the tree has it too."""
    found = {}
    for item in items:
        object = item.object
        if not stands_outside(object) and not _namespace(object):
            object = {**object, "metadata": {**object["metadata"], "namespace": namespace}}
        if _namespace(object) in ("", namespace):
            found[identify(object)] = replace(item, object=object)
    return found


def _is_pruned(object: Object) -> bool:
    labels, annotations = (value_at(object, "metadata", key) or {} for key in ("labels", "annotations"))
    return _TRACKED in annotations or any(name in labels for name in _PRUNED)


def _against(case: Case, old: Mapping[Identity, Item], new: Mapping[Identity, Item]) -> Case:
    """The environment with what runs in the place of the tree before."""
    unit_of = {identify(each): unit for unit, objects in case.units[1].items() for each in objects}
    before, after = _by_unit(old, unit_of), _by_unit(new, unit_of)
    folders = dict.fromkeys({**before, **after}, "") | dict(case.folders[1])
    return replace(case, units=(before, after), folders=(folders, folders), changes=compare(before, after))


def _by_unit(side: Mapping[Identity, Item], unit_of: Mapping[Identity, str]) -> Units:
    units: dict[str, list[dict[str, object]]] = {}
    for key, item in side.items():
        units.setdefault(unit_of.get(key, LEFT), []).append(dict(item.object))
    return units


def _say_left(left: Mapping[Identity, Item], name: str) -> list[Finding]:
    if not left:
        return []
    names = [f"{item.object['kind']}/{item.object['metadata']['name']}" for item in left.values()]
    pods = "; their pods count" if any(is_lasting(str(item.object["kind"])) for item in left.values()) else ""
    message = f"left in the cluster, in no tree: nothing updates or deletes them{pods}: {listed(names, 8)}"
    return [Finding("left-in-cluster", Severity.NOTE, message, place=Place(name))]
