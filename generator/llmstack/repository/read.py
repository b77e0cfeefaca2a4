"""What the values of environments say: validated, and checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from llmstack.checks import check_foundations, check_objects, check_values, settle
from llmstack.checks.neighbour import Neighbour, describe
from llmstack.checks.partial import key_of, run_partial
from llmstack.checks.subject import Subject
from llmstack.cores import beside
from llmstack.finding import Finding, sort_findings
from llmstack.kubernetes.names import is_label
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.progress import Step, ignore
from llmstack.repository.cluster_facts import cluster_of, read_cluster_facts
from llmstack.repository.engine_facts import read_engine_facts
from llmstack.repository.environments import (
    Environment,
    find_environment,
    list_environments,
    mentions,
    name_findings,
    read_base,
    read_values,
)
from llmstack.repository.model_facts import read_model_facts
from llmstack.repository.settled import Remembered, Settled
from llmstack.repository.snapshot import Snapshot
from llmstack.values.layers import Layers
from llmstack.values.nodes import Source


class Reading(Struct, frozen=True, dict=True):
    """One environment as it was read; the subject of the checks is None when its values are not valid."""

    environment: Environment
    layers: Layers
    subject: Subject | None
    findings: tuple[Finding, ...]

    @property
    def stack(self) -> Stack | None:
        return self.subject.stack if self.subject else None

    @cached_property
    def foundations(self) -> tuple[Finding, ...]:
        """What keeps objects from being built of values that are valid."""
        return tuple(check_foundations(self.subject)) if self.subject else ()

    @property
    def is_sound(self) -> bool:
        """Whether objects can be built of it: with a name that folders and objects can have, too."""
        return self.subject is not None and is_label(self.environment.name) and not self.foundations


def read_environments(snapshot: Snapshot, environments: Sequence[Environment]) -> list[Reading]:
    """Read and validate environments, each with the others of the repository beside it."""
    base = read_base(snapshot)
    readings = [_read(snapshot, environment, base) for environment in environments]
    neighbours = _neighbours(readings)
    neighbours |= _other_neighbours(snapshot, {reading.environment.name for reading in readings}, base)
    return [_beside(reading, neighbours) for reading in readings]


def read_changed(
    snapshot: Snapshot, environments: Sequence[Environment], remembered: Remembered
) -> tuple[list[Reading], dict[str, Settled]]:
    """Read and validate environments as `read_environments` does, those left out that need not be read.

    `environments` are all there are. What was found of one holds as long as nothing of it has changed, and the others
    are to it what they were: of those that are left out, it is returned.
    """
    base = read_base(snapshot)
    readings = {each: _read(snapshot, each, base) for each in environments if each.name not in remembered.unchanged}
    settled = {name: remembered.environments[name] for name in remembered.unchanged}
    neighbours = _neighbours(readings.values()) | {name: each.neighbour for name, each in settled.items()}
    if settled and not remembered.is_as_before(neighbours):
        readings = {each: readings.get(each) or _read(snapshot, each, base) for each in environments}
        settled, neighbours = {}, _neighbours(readings.values())
    return [_beside(reading, neighbours) for reading in readings.values()], settled


def read_environment(snapshot: Snapshot, environment: Environment) -> Reading:
    """Read and validate one environment by itself."""
    return _read(snapshot, environment, read_base(snapshot))


def read_side(side: Snapshot, name: str) -> Reading | None:
    """What the values of an environment say; None where it has none. Raises FoundError for what is no values file."""
    environment = find_environment(side, name)
    if environment is None:
        return None
    side.read_bytes(environment.path)
    return read_environment(side, environment)


def _read(snapshot: Snapshot, environment: Environment, base: Source | None) -> Reading:
    name = environment.name
    layers, stack, findings = read_stack(read_values(snapshot, environment, base))
    if stack is None:
        return Reading(environment, layers, None, (*name_findings([environment]), *findings))
    facts, unread = read_model_facts(snapshot, stack.models)
    measured, unmeasured = read_engine_facts(snapshot, name, stack.models)
    subject = Subject(name, stack.named(name), layers, facts=facts, measured=measured)
    found = (*name_findings([environment]), *findings, *unread, *unmeasured)
    return Reading(environment, layers, subject, found)


def know_clusters(snapshot: Snapshot, readings: Sequence[Reading]) -> list[Reading]:
    """The readings with what is known of their clusters, for checks that no manifest depends on."""
    return [_with_cluster(snapshot, reading) for reading in readings]


def _with_cluster(snapshot: Snapshot, reading: Reading) -> Reading:
    subject = reading.subject
    if subject is None or not reading.environment.layered:
        return reading
    cluster, unread = read_cluster_facts(snapshot, cluster_of(subject.stack, subject.environment))
    known = replace(subject, cluster=cluster)
    return replace(reading, subject=known, findings=(*reading.findings, *unread))


def _neighbours(readings: Iterable[Reading]) -> dict[str, Neighbour]:
    return {reading.environment.name: describe(reading.stack) for reading in readings if reading.stack is not None}


def _beside(reading: Reading, neighbours: Mapping[str, Neighbour]) -> Reading:
    """The reading with the other environments."""
    if reading.subject is None:
        return reading
    others = {name: neighbour for name, neighbour in neighbours.items() if name != reading.environment.name}
    return replace(reading, subject=replace(reading.subject, others=others))


def _other_neighbours(snapshot: Snapshot, read: Collection[str], base: Source | None) -> dict[str, Neighbour]:
    """The environments that are not asked for but may collide with those that are.

    Only those that name a cluster at all are parsed: a collision needs one.
    """
    found = {}
    all_name_one = base is not None and "cluster:" in base.text
    for environment in list_environments(snapshot):
        if environment.name not in read and (all_name_one or mentions(snapshot, environment, b"cluster:")):
            stack = read_stack(read_values(snapshot, environment, base))[1]
            if stack is not None:
                found[environment.name] = describe(stack)
    return found


def check(readings: Sequence[Reading], step: Step = ignore) -> list[Finding]:
    """The findings of reading and of all checks, settled and sorted; `step` counts environments."""
    return sort_findings(chain.from_iterable(check_each(readings, step)))


def check_each(readings: Sequence[Reading], step: Step = ignore) -> list[list[Finding]]:
    """The same of each environment."""
    sound = [reading.subject if reading.is_sound else None for reading in readings]
    models = count_models(readings)
    on_objects = beside(partial(_check_objects, sound, models), models)
    on_values = []
    for number, reading in enumerate(readings):
        step(number, len(readings))
        on_values.append(list(check_values(reading.subject)) if reading.subject is not None else [])
    return [_settle(reading, found) for reading, *found in zip(readings, on_values, on_objects(), strict=True)]


def count_models(readings: Iterable[Reading]) -> int:
    """The models of some environments, all together."""
    return sum(len(reading.stack.models) for reading in readings if reading.stack is not None)


_MOST_KEPT = 2_000
"""Models whose objects, some 20 KiB of each, are kept from the checks to the layout."""


def looked_at(subject: Subject, models: int) -> Subject:
    """The subject; or, of so many models in all, one like it whose objects go with it, not to fill the memory."""
    return replace(subject) if models > _MOST_KEPT else subject


def _check_objects(subjects: Sequence[Subject | None], models: int) -> list[list[Finding]]:
    return [list(check_objects(looked_at(each, models))) if each is not None else [] for each in subjects]


def _settle(reading: Reading, checked: Sequence[Sequence[Finding]]) -> list[Finding]:
    found = [*reading.findings, *reading.foundations, *chain.from_iterable(checked)]
    if not reading.is_sound:
        said = {key_of(finding) for finding in found}
        rest = run_partial(reading.environment.name, reading.layers)
        found += [finding for finding in rest if key_of(finding) not in said]
    levels = reading.stack.gitops.checks if reading.stack else None
    return list(settle(found, reading.layers, dict(levels or {})))
