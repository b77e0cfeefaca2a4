"""An environment that takes a running Helm release over: its values edited, its objects held against the live ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.adopt.holds import MARK
from llmstack.adopt.live import read_live
from llmstack.adopt.plan import Adoption, plan_adoption
from llmstack.adopt.release import Release, find_release
from llmstack.checks.subject import Subject
from llmstack.disk.apply import apply
from llmstack.disk.plan import Change, WritePlan
from llmstack.errors import FoundError, RefusedError, UsageError
from llmstack.finding import has_errors
from llmstack.kubernetes.pods import Object
from llmstack.kustomize.files import find_kustomization
from llmstack.migrate import Migration
from llmstack.migrate.release import edit_gitops
from llmstack.model.reading import read_stack
from llmstack.repository.environments import Environment, read_base, read_values
from llmstack.repository.intended import refuse_another
from llmstack.repository.migration import Migrated, read_sides
from llmstack.repository.project import Project
from llmstack.repository.snapshot import Snapshot
from llmstack.values.edit import CannotEdit, apply_edits
from llmstack.values.nodes import Source
from llmstack.values.source import read_source
from llmstack.values.syntax import read_document


class Adopted(Struct, frozen=True):
    """What `adopt` shows, and writes where it is told to."""

    environment: Environment
    release: Release
    before: Source
    after: Source
    plan: Adoption


def adopt_release(project: Project, name: str, manifest: str, let_go: Sequence[str]) -> Adopted:
    """Plan how an environment takes over what runs; writes nothing.

    Raises UsageError where the manifest is no release of the chart, FoundError where the values have errors,
    RefusedError where a hold would stand in the place of an overlay that people wrote, and where the values are for
    another llmstack.
    """
    environment = project.select_one(name)
    if not environment.layered:
        raise UsageError(f"{environment.label} is not in values/: a release is taken over by an environment")
    live = read_live(manifest)
    release = find_release(live)
    *below, before = read_values(project.disk, environment, read_base(project.disk))
    after = _edited(before, release)
    layers, stack, findings = read_stack([*below, after])
    refuse_another([layers])
    if stack is None or has_errors(findings):
        raise FoundError(findings)
    subject = Subject(environment.name, stack.named(environment.name), layers, facts={})
    units = _units(let_go, {placed.unit for placed in subject.objects})
    plan = plan_adoption(environment.name, subject.objects, _in_namespace(live, release), units)
    _refuse_over_people(project.disk, plan)
    return Adopted(environment, release, before, after, plan)


def _in_namespace(live: Sequence[Object], release: Release) -> list[Object]:
    """The objects of the release alone: another namespace's are not its own."""
    return [each for each in live if each["metadata"].get("namespace") in (None, release.namespace)]


def _units(let_go: Sequence[str], units: set[str]) -> list[str]:
    found = []
    for name in let_go:
        unit = next((unit for unit in (f"models/{name}", name) if unit in units), None)
        if unit is None:
            known = ", ".join(sorted(unit.removeprefix("models/") for unit in units))
            raise UsageError(f"--let-go {name}: the environment has no such unit ({known})")
        found.append(unit)
    return found


def _edited(source: Source, release: Release) -> Source:
    """The values under the release's name, namespace and selectors; raises UsageError where the text cannot be
    edited."""
    shown = {"release": _scalar(release.name), "selectors": release.selectors, "selectorLabels": _flow(release.users)}
    if release.namespace:
        shown["namespace"] = _scalar(release.namespace)
    wanted = {key: yamlio.load(text) for key, text in shown.items()}
    held = source.data.get("gitops")
    new = {key: text for key, text in shown.items() if not isinstance(held, dict) or held.get(key) != wanted[key]}
    try:
        document = read_document(source.text)
        edits = edit_gitops(document, new, list(held) if isinstance(held, dict) else None)
        after = read_source(source.path, apply_edits(source.text, edits).encode()) if new else source
    except CannotEdit:
        after = source
    if after.data != {**source.data, "gitops": {**(held if isinstance(held, dict) else {}), **wanted}}:
        lines = "".join(f"\n  {key}: {text}" for key, text in shown.items())
        raise UsageError(f"{source.path} is written in a form that adopt does not rewrite: write\ngitops:{lines}")
    return after


def _scalar(text: str) -> str:
    """A text in one line that means the same inside brackets."""
    return yamlio.dump(text).strip() if re.fullmatch(r"[\w./-]+", text) else json.dumps(text)


def _flow(users: Mapping[str, Mapping[str, Any]]) -> str:
    return _map({key: _map({k: _scalar(v) for k, v in labels.items()}) for key, labels in users.items()})


def _map(entries: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{_scalar(key)}: {text}' for key, text in entries.items())}}}"


def _refuse_over_people(snapshot: Snapshot, plan: Adoption) -> None:
    """Raise RefusedError where a folder of a hold has a kustomization that `adopt` did not write."""
    theirs = []
    for folder in sorted({path.rpartition("/")[0] for path in plan.files}):
        found = find_kustomization(snapshot.read, folder)
        if found is not None and not found[1].startswith(MARK):
            theirs.append(f"{found[0]} is somebody's overlay: move it away, or leave its hold out with --let-go")
    if theirs:
        raise RefusedError(theirs)


def write_adoption(project: Project, adopted: Adopted) -> None:
    """Write the values and the holds, all of them or none. Raises RefusedError over people's files, DiskError where the
    disk refuses."""
    environment = adopted.environment
    migration = Migration(adopted.before, adopted.after)
    sides = read_sides(Migrated(environment, project.root / environment.path, migration, []))
    wanted = {path: (project.disk.read_bytes(path), text.encode()) for path, text in adopted.plan.files.items()}
    theirs = sorted(path for path, (before, _) in wanted.items() if before and not before.startswith(MARK.encode()))
    if theirs:
        raise RefusedError([f"{path} was not written by llmstack: move it away, or keep it" for path in theirs])
    changes = [
        Change(path, before, after, "create" if before is None else "write")
        for path, (before, after) in {**wanted, environment.path: sides}.items()
        if before != after
    ]
    apply(WritePlan(tuple(changes), ()), project.root)
