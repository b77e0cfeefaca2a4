"""`verify`: the review of two revisions, and what files of kubectl's output show of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from llmstack.engine.measured import Measured
from llmstack.errors import UsageError
from llmstack.finding import Finding
from llmstack.fit.measured import image_of
from llmstack.observed.documents import Source
from llmstack.observed.observation import Observation, observe
from llmstack.observed.things import Synced
from llmstack.repository.cases import Case, read_case
from llmstack.repository.clusters import begin_beside, in_turn
from llmstack.repository.comparison import Comparison, find_affected
from llmstack.repository.engine_facts import read_engine_facts
from llmstack.repository.pools import merge_pools, shared_pools
from llmstack.repository.reviewed import make_review
from llmstack.repository.snapshot import Snapshot
from llmstack.review.facts import Facts
from llmstack.review.result import Review
from llmstack.verify.follow import follow
from llmstack.verify.missing import Seen
from llmstack.verify.subjects import Key, Subject, find_subjects
from llmstack.verify.verdict import Applied, Figure, Verification, compare


class _Environment(Struct, frozen=True):
    """An environment of the review, as it is compared."""

    case: Case
    facts: Facts
    subjects: dict[Key, Subject]


def verify(
    comparison: Comparison,
    sources: Sequence[Source],
    now: Snapshot,
    *,
    cluster: str | None = None,
    today: date,
    tool_folder: Path | None = None,
) -> tuple[Verification, list[Finding]]:
    """Return what was foreseen of a change beside what the files show, and what of them could not be read.

    `now` is the working tree: the facts that were learned since say what engines were measured to take. `cluster` is
    the one that the files are of, where the change touches several. Raises UsageError where that is not told.
    """
    review = make_review(comparison, today=today, tool_folder=tool_folder)
    observation = observe(sources)
    names = _environments(review, cluster)
    environments = _read(comparison, names, tool_folder)
    subjects = {key: subject for each in environments for key, subject in each.subjects.items()}
    moving = {
        key
        for key, subject in subjects.items()
        if subject.environment in review.environments and subject.object in _moving(review, subject.environment)
    }
    courses = follow(observation, subjects, moving)
    figures: list[Figure] = []
    told = {(subject.environment, subject.object): subject for subject in subjects.values()}
    for each in environments:
        if each.case.name in review.environments:
            owners = _owners(observation, each.case.name)
            seen = Seen(courses, told, each.facts, _measured(now, each.case), owners)
            figures += compare(each.case.name, review.environments[each.case.name], seen)
    applied = tuple(_applied(observation, [each.case.name for each in environments]))
    result = Verification(review.from_revision, review.to_revision, tuple(figures), applied)
    return result, list(observation.findings)


def _environments(review: Review, cluster: str | None) -> list[str]:
    """The environments of the review that are in the cluster of the files."""
    reviewed = review.environments.keys()
    homes = {name: each.environments for name, each in review.clusters.items() if reviewed & set(each.environments)}
    if cluster is not None:
        wanted = next((name for name in (cluster, f"env:{cluster}") if name in homes), None)
        if wanted is None:
            known = ", ".join(name.removeprefix("env:") for name in sorted(homes)) or "none"
            raise UsageError(f"the change touches no cluster `{cluster}`: {known}")
        homes = {wanted: homes[wanted]}
    if len(homes) > 1:
        known = ", ".join(name.removeprefix("env:") for name in sorted(homes))
        raise UsageError(f"the change touches several clusters ({known}): say with --cluster which one was observed")
    return [name for names in homes.values() for name in names]


def _read(comparison: Comparison, names: Sequence[str], tool_folder: Path | None) -> list[_Environment]:
    """The environments of the cluster, each with its workloads, the pools of all of them together."""
    affected = cache(partial(find_affected, comparison))
    cases = {name: read_case(comparison, name, affected, tool_folder) for name in names}
    beside = begin_beside(comparison, {case.home for case in cases.values()}, cases, tool_folder)
    cases |= {case.name: case for case in in_turn(beside)}
    pools, _ = shared_pools([(case.name, case.facts[1]) for case in cases.values()])
    found = []
    for case in cases.values():
        facts = merge_pools(case.facts[0], pools or case.facts[0].pools), merge_pools(case.facts[1], pools)
        subjects = find_subjects(case.name, case.objects(0), case.objects(1), facts)
        found.append(_Environment(case, replace(facts[1], load_seconds=case.facts[1].load_seconds), subjects))
    return found


def _moving(review: Review, environment: str) -> frozenset[str]:
    """`Kind/name` of the workloads of which something is foreseen."""
    found = review.environments[environment]
    moving = {f"{each.kind}/{each.name}" for each in found.rollouts}
    return frozenset(moving | {f"{each.kind}/{each.name}" for each in found.removed})


def _measured(now: Snapshot, case: Case) -> dict[str, Measured]:
    """What engines were measured to take after the change: facts of the working tree that are of the image of after."""
    stack = case.stack(1)
    if stack is None:
        return {}
    known, _ = read_engine_facts(now, case.name, stack.models)
    return {
        model.name: measured
        for model in stack.models
        if model.name is not None
        for measured in known.get(model.name, ())
        if measured.image == image_of(model)
    }


def _owners(observation: Observation, environment: str) -> dict[str, Synced]:
    """What applies each model of an environment, by model: `prod.models.llama`."""
    prefix = f"{environment}.models."
    return {
        each.meta.name.removeprefix(prefix): each
        for each in observation.now(Synced)
        if each.meta.name.startswith(prefix)
    }


def _applied(observation: Observation, environments: Sequence[str]) -> list[Applied]:
    """What sync tools say that they applied last, of these environments."""
    return [
        Applied(f"{each.meta.kind}/{each.meta.name}", each.applied[-1][0], each.applied[-1][1].isoformat())
        for each in observation.now(Synced)
        if each.applied and each.meta.name.partition(".")[0] in environments
    ]
