"""Workloads that go: those that the manifests lose, that run no pod any more, or that a sync tool deletes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import Scalers, model_of, replicas_of
from llmstack.kubernetes.workloads import is_counted, is_lasting
from llmstack.review.facts import Facts
from llmstack.review.result import Removed
from llmstack.review.rollout.workload import Workload, template_of
from llmstack.review.surroundings import Surroundings
from llmstack.sync.side import OwnerChange


def find_removed(
    workloads: Sequence[Workload],
    before: Sequence[Object],
    after: Sequence[Object],
    owned: Scalers,
    facts: tuple[Facts, Facts],
    near: Surroundings,
) -> tuple[Removed, ...]:
    """The environment's workloads that go with nothing in their place: no other that serves the model, and no model
    that says it was renamed from it (`movedFrom`). `owned` are the scalers before the change."""
    there = {_key(object): object for object in after}
    serving = _models_after(workloads, after, facts[1])
    pruned = near.pruned
    went = [
        _removed(workload, _tool(pruned.get((workload.kind, workload.namespace, workload.name)), there, workload))
        for workload in workloads
        if workload.before and not workload.after and workload.move in ("remove", "scale")
        if workload.move == "scale" or workload.model is None or workload.model not in serving
    ]
    told = {(each.kind, each.name) for each in went}
    deleted = [each for each in _pruned(before, there, owned, facts[0], near) if (each.kind, each.name) not in told]
    return tuple(sorted([*went, *deleted], key=lambda each: (each.model is None, each.model or "", each.name)))


def _key(object: Object) -> tuple[str, str, str]:
    metadata = object["metadata"]
    return str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata["name"])


def _models_after(workloads: Sequence[Workload], after: Sequence[Object], facts: Facts) -> set[str]:
    """Models that something serves after the change, by their names and by their former ones."""
    idle = {workload.key for workload in workloads if not workload.after}
    lasting = [object for object in after if is_lasting(str(object.get("kind")))]
    found = [model_of(each) for each in lasting if f"{each['kind']}/{each['metadata']['name']}" not in idle]
    models = {model for model in found if model is not None}
    return models | {facts.moved_from[model] for model in models if model in facts.moved_from}


def _removed(workload: Workload, by: str) -> Removed:
    gpus = workload.old.total if workload.old is not None else 0
    return Removed(workload.kind, workload.name, workload.model, workload.before, workload.before * gpus, by)


def _tool(change: OwnerChange | None, there: Mapping[tuple[str, str, str], Object], workload: Workload) -> str:
    """Who deletes a workload that its manifests keep; nobody where they lose it."""
    if change is None or (workload.kind, workload.namespace, workload.name) not in there:
        return ""
    return "Flux" if change.tool == "flux" else "Argo CD"


def _pruned(
    before: Sequence[Object],
    there: dict[tuple[str, str, str], Object],
    owned: Scalers,
    facts: Facts,
    near: Surroundings,
) -> Iterator[Removed]:
    """Workloads that are in the manifests on both sides, and that a sync tool deletes all the same."""
    pruned = near.pruned
    for object in before:
        key = _key(object)
        if key in pruned and key in there and is_counted(key[0]) and is_lasting(key[0]):
            replicas = replicas_of(object, owned)
            gpus = replicas * template_of(object, facts, None).total
            tool = "Flux" if pruned[key].tool == "flux" else "Argo CD"
            yield Removed(key[0], key[2], model_of(object), replicas, gpus, tool)
