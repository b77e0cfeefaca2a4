"""The tree that the values of a snapshot generate: the files that should be there, and the objects they build to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from llmstack.checks import settle
from llmstack.checks.subject import Subject
from llmstack.cores import Task, beside
from llmstack.disk.ownership import header, is_ours
from llmstack.finding import Finding, Place, Severity, has_errors
from llmstack.kubernetes.names import is_label
from llmstack.kubernetes.sound import sound
from llmstack.model.reading import read_stack
from llmstack.objects.placed import Placed
from llmstack.progress import Step, ignore
from llmstack.repository.environments import Environment, read_base
from llmstack.repository.read import Reading, check_each, count_models, looked_at
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import custom_units, encrypted_manifests
from llmstack.tree.base import Base, lay_out_base
from llmstack.tree.layout import lay_out_environment
from llmstack.tree.secrets import secret_findings
from llmstack.tree.unit import Files

Units = Mapping[str, list[dict[str, Any]]]
"""The objects of each unit."""


class Expected(Struct, frozen=True):
    """What the values of one environment generate: the files of its own folders (base/ is apart)."""

    files: Files
    findings: tuple[Finding, ...] = ()


def expect_base(snapshot: Snapshot) -> tuple[list[Finding], Base | None]:
    """What values/base.yaml generates; None when it has errors, which the findings say."""
    source = read_base(snapshot)
    layers, stack, findings = read_stack([source] if source else [])
    settled = list(settle(findings, layers, {}))
    return settled, lay_out_base(stack, header("values/base.yaml")) if stack is not None else None


class Ground(Struct, frozen=True):
    """What an environment is laid out on: base/, and of the snapshot the units that people build on and the texts of
    encrypted manifests."""

    base: Base
    custom: Collection[str]
    encrypted: Mapping[str, str]


def read_ground(snapshot: Snapshot, name: str, base: Base) -> Ground:
    """What an environment of a snapshot is laid out on."""
    return Ground(base, custom_units(snapshot, name), encrypted_manifests(snapshot, name))


def expect_environment(environment: Environment, subject: Subject, ground: Ground) -> Expected:
    """What the values of one environment generate."""
    layout = lay_out_environment(
        environment.name,
        subject.stack,
        ground.base,
        subject.objects,
        custom=ground.custom,
        encrypted=ground.encrypted,
        header=header(environment.label),
    )
    findings = [
        *_orphaned_custom(environment.name, ground.custom, layout.units),
        *secret_findings(environment.name, subject.stack, subject.objects, ground.encrypted),
    ]
    return Expected(layout.files, tuple(findings))


def check_and_expect(
    snapshot: Snapshot, readings: Sequence[Reading], base: Base, step: Step = ignore
) -> tuple[list[list[Finding]], Files | None]:
    """The findings of all checks by environment, and the files of base/ and of the environments; None where one of the
    findings is an error.

    Both are worked out at the same time; `step` counts the environments that are checked.
    """
    expected = None
    if all(reading.is_sound for reading in readings):
        grounds = [read_ground(snapshot, reading.environment.name, base) for reading in readings]
        expected = beside(partial(_lay_out, readings, grounds), count_models(readings))
    findings = check_each(readings, step)
    if expected is None or any(map(has_errors, findings)):
        return findings, None
    files, more = expected()
    findings = [[*found, *laid_out] for found, laid_out in zip(findings, more, strict=True)]
    return findings, None if any(map(has_errors, findings)) else dict(base.files) | files


def _lay_out(readings: Sequence[Reading], grounds: Sequence[Ground]) -> tuple[Files, list[tuple[Finding, ...]]]:
    """The files of environments whose values are sound, and what there is to say of each."""
    files: dict[str, str] = {}
    findings: list[tuple[Finding, ...]] = []
    models = count_models(readings)
    for reading, ground in zip(readings, grounds, strict=True):
        assert reading.subject is not None
        expected = expect_environment(reading.environment, looked_at(reading.subject, models), ground)
        files |= expected.files
        findings.append(expected.findings)
    return files, findings


def _orphaned_custom(environment: str, custom: Iterable[str], units: Collection[str]) -> list[Finding]:
    return [
        Finding(
            "orphaned-custom",
            Severity.WARNING,
            f"custom/{environment}/{unit} builds on a unit that is not generated: it is left out",
            place=Place(f"custom/{environment}/{unit}"),
            help="remove it, or rename it to the unit it is for",
        )
        for unit in custom
        if unit not in units
    ]


class Held(Struct, frozen=True):
    """A generated environment at a snapshot, held against what its values say there."""

    objects: Units
    """What the values render, by unit; nothing when they have errors."""
    stale: tuple[str, ...] | None
    """Generated files that are not what the values say; None when the values have errors."""
    synced: frozenset[str] = frozenset()
    """The files of clusters/ that the values generate, as they are there or not."""
    sound: frozenset[str] = frozenset()
    """Units of which the API server can read every object that the values render."""

    def unchanged(self, custom: Collection[str]) -> Units:
        """The units whose files are byte for byte what the values generate, those that people build on left out.

        They build to the rendered objects (the first law), and need not be built.
        """
        if self.stale is None or any("/engine/" in path or path.startswith("base/") for path in self.stale):
            return {}
        touched = {path.rpartition("/")[0].split("/", 2)[-1] for path in self.stale}
        return {unit: found for unit, found in self.objects.items() if unit not in touched and unit not in custom}


def hold_against_values(snapshot: Snapshot, name: str, reading: Reading | None, base: Base | None) -> Task[Held]:
    """Begin to hold the tree of an environment against its values, and return what waits for it.

    `reading` is None where it has no values any more, `base` where that of the snapshot has errors. An environment
    without a name for its folders has no tree.
    """
    if reading is None:  # all that is ours should be gone too
        files = snapshot.files(f"overlays/{name}")
        return partial(Held, {}, tuple(path for path, content in files.items() if is_ours(content)))
    if reading.subject is None or base is None or not is_label(name):
        return partial(Held, {}, None)
    subject, ground = reading.subject, read_ground(snapshot, name, base)
    units = _by_unit(subject.objects)  # before there are two processes, which both need them
    stale = beside(partial(_stale_of, snapshot, reading.environment, subject, ground), count_models([reading]))
    return partial(_held, units, stale)


def _held(units: Units, stale: Task[tuple[tuple[str, ...], frozenset[str]]]) -> Held:
    """What waits for what is stale, with what can be said meanwhile."""
    are_sound = frozenset(unit for unit, objects in units.items() if all(sound(each)[0] is each for each in objects))
    return Held(units, *stale(), are_sound)


def _stale_of(
    snapshot: Snapshot, environment: Environment, subject: Subject, ground: Ground
) -> tuple[tuple[str, ...], frozenset[str]]:
    """The files that are not what the values say, and those of clusters/ that they generate."""
    wanted = ground.base.files | expect_environment(environment, subject, ground).files
    return find_stale(snapshot, wanted), frozenset(path for path in wanted if path.startswith("clusters/"))


def _by_unit(objects: Iterable[Placed]) -> Units:
    """Objects by generated unit; of one that people build on, what their overlay starts from."""
    units: dict[str, list[dict[str, Any]]] = {}
    for placed in objects:
        units.setdefault(placed.unit, []).append(placed.object)
    return units


def find_stale(snapshot: Snapshot, wanted: Files) -> tuple[str, ...]:
    """The paths among `wanted` whose file is missing or holds something else."""
    snapshot.load({path.rpartition("/")[0] for path in wanted})
    return tuple(path for path, text in wanted.items() if snapshot.read(path) != text)


def missing_tree(environment: str, values: str) -> Finding:
    """The finding on values without a tree: nothing of the environment can be reviewed."""
    message = f"the tree of {environment} is missing: these values are not generated, so nothing of them is reviewed"
    help = "run `llmstack gen` and commit what it writes"
    return Finding("stale-tree", Severity.WARNING, message, place=Place(values), help=help)


def stale_tree(paths: Sequence[str]) -> Finding:
    """The finding on generated files that are not what the values say: the first by path, and how many."""
    first = min(paths)
    others = len(paths) - 1
    subject = f"this file and {others} others differ" if others > 1 else "this file and one other differ"
    message = f"{subject if others else 'this file differs'} from what the values generate"
    help = "run `llmstack gen` and commit what it writes"
    return Finding("stale-tree", Severity.WARNING, message, place=Place(first), help=help)
