"""The tree that the values of a snapshot generate: the files that should be there, and the objects they build to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmstack.checks import settle
from llmstack.checks.subject import Subject
from llmstack.disk.ownership import header, is_ours
from llmstack.finding import Finding, Place, Severity
from llmstack.model.reading import read_stack
from llmstack.repository.environments import Environment, read_base
from llmstack.repository.read import Reading
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import custom_units, encrypted_manifests
from llmstack.tree.base import Base, lay_out_base
from llmstack.tree.layout import lay_out_environment
from llmstack.tree.secrets import secret_findings
from llmstack.tree.unit import Files

Units = Mapping[str, list[dict[str, Any]]]
"""The objects of each unit."""


@dataclass(frozen=True)
class Expected:
    """What the values of one environment generate. `files` are those of its own folders; base/ is apart."""

    files: Files
    objects: Units
    """By generated unit; of one that people build on, what their overlay starts from."""
    findings: tuple[Finding, ...] = ()


def expect_base(snapshot: Snapshot) -> tuple[list[Finding], Base | None]:
    """What values/base.yaml generates; None when it has errors, which the findings say."""
    source = read_base(snapshot)
    layers, stack, findings = read_stack([source] if source else [])
    settled = list(settle(findings, layers, {}))
    return settled, lay_out_base(stack, header("values/base.yaml")) if stack is not None else None


def expect_environment(snapshot: Snapshot, environment: Environment, subject: Subject, base: Base) -> Expected:
    """What the values of one environment generate, beside the custom overlays and encrypted manifests of a snapshot."""
    name = environment.name
    custom, encrypted = custom_units(snapshot, name), encrypted_manifests(snapshot, name)
    layout = lay_out_environment(
        name,
        subject.stack,
        base,
        subject.objects,
        custom=custom,
        encrypted=encrypted,
        header=header(environment.label),
    )
    objects: dict[str, list[dict[str, Any]]] = {}
    for placed in subject.objects:
        objects.setdefault(placed.unit, []).append(placed.object)
    findings = [
        *_orphaned_custom(name, custom, layout.units),
        *secret_findings(name, subject.stack, subject.objects, encrypted),
    ]
    return Expected(layout.files, objects, tuple(findings))


def expect_all(snapshot: Snapshot, readings: Iterable[Reading], base: Base) -> tuple[dict[str, str], list[Finding]]:
    """The files of base/ and of environments whose values were read without errors, and what is to be said of them."""
    files: dict[str, str] = dict(base.files)
    findings: list[Finding] = []
    for reading in readings:
        assert reading.subject is not None
        expected = expect_environment(snapshot, reading.environment, reading.subject, base)
        findings += expected.findings
        files |= expected.files
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


@dataclass(frozen=True)
class Held:
    """A generated environment at a snapshot, held against what its values say there."""

    objects: Units
    """What the values render, by unit; nothing when they have errors."""
    stale: tuple[str, ...] | None
    """Generated files that are not what the values say; None when the values have errors."""

    def unchanged(self, custom: Collection[str]) -> Units:
        """The units whose files are byte for byte what the values generate, those that people build on left out.

        They build to the rendered objects (the first law), and need not be built.
        """
        if self.stale is None or any("/engine/" in path or path.startswith("base/") for path in self.stale):
            return {}
        touched = {path.rpartition("/")[0].split("/", 2)[-1] for path in self.stale}
        return {unit: found for unit, found in self.objects.items() if unit not in touched and unit not in custom}


def hold_against_values(snapshot: Snapshot, name: str, reading: Reading | None, base: Base | None) -> Held:
    """Hold the tree of an environment against its values; `reading` is None where it has none any more, `base` where
    that of the snapshot has errors."""
    if reading is None:  # all that is ours should be gone too
        files = snapshot.files(f"overlays/{name}")
        return Held({}, tuple(path for path, content in files.items() if is_ours(content)))
    if reading.subject is None or base is None:
        return Held({}, None)
    expected = expect_environment(snapshot, reading.environment, reading.subject, base)
    return Held(expected.objects, find_stale(snapshot, base.files | expected.files))


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
