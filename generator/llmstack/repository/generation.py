"""What `gen` does to a repository: the files of its environments, planned against those on disk, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from posixpath import dirname

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.checks.neighbour import describe
from llmstack.disk.apply import apply
from llmstack.disk.ownership import is_ours
from llmstack.disk.plan import WritePlan, plan_tree
from llmstack.errors import RefusedError, UsageError
from llmstack.finding import Finding, has_errors, sort_findings
from llmstack.progress import Step, ignore
from llmstack.repository.environments import Environment, list_environments
from llmstack.repository.expected import check_and_expect, expect_base
from llmstack.repository.intended import refuse_another
from llmstack.repository.overrides import find_overrides
from llmstack.repository.project import Project
from llmstack.repository.read import Reading, check, read_changed, read_environments
from llmstack.repository.schema_file import renew_schema
from llmstack.repository.settled import Remembered, Settled
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.sops_config import renew_rules
from llmstack.repository.units import custom_units, generated_environments, scopes
from llmstack.tree.base import Base
from llmstack.tree.units import SOPS_RULES


class Generation(Struct, frozen=True):
    """What `gen` would do: the findings, and a plan when there is no error among them."""

    findings: list[Finding]
    plan: WritePlan | None
    environments: tuple[str, ...] = ()
    """Those that it is about."""
    readings: tuple[Reading, ...] = ()
    """Those of them that were read for it."""
    settled: Mapping[str, Settled] = field(default_factory=dict)
    """What is to be remembered of each, where nothing else was found."""


def generate(
    project: Project,
    names: Sequence[str],
    *,
    force: bool = False,
    prune: Sequence[str] = (),
    only: str | None = None,
    filters: bool = True,
    remembered: Remembered | None = None,
    step: Step = ignore,
) -> Generation:
    """Plan the files of the environments that are named (all of them for none), and of base/.

    A run that changes base/ plans every environment again. Without `filters` none of Git's clean filters is run, which
    are programs: a plan that is only looked at wants none. Raises RefusedError when an environment in overlays/ has no
    values file any more and `prune` does not name it, and where the values are for another llmstack. Of every
    environment, what is `remembered` is not found out again. `step` counts the environments that are checked.
    """
    orphans = _find_orphans(project.disk, prune)
    if project.means_all(names) and not prune:
        _refuse(orphans)
    asked = project.select(names) if names or not prune else []
    findings, base = expect_base(project.disk)
    if has_errors(findings) or base is None:
        readings = read_environments(project.disk, asked)
        refuse_another(reading.layers for reading in readings)
        return Generation(sort_findings([*findings, *check(readings)]), None, _names(asked), tuple(readings))
    chosen = asked
    if _changes_base(project, base, force=force, filters=filters):
        _refuse(orphans)
        chosen, remembered = list_environments(project.disk), None
    generation = _plan(project, chosen, base, remembered, force=force, prune=prune, filters=filters, step=step)
    return generation if only is None else _restrict(generation, only)


def _changes_base(project: Project, base: Base, *, force: bool, filters: bool) -> bool:
    plan = plan_tree(project.root, base.files, scopes=["base"], force=force, filters=filters)
    return bool(plan.changes or plan.refusals)


def _plan(
    project: Project,
    environments: Sequence[Environment],
    base: Base,
    remembered: Remembered | None,
    *,
    force: bool,
    prune: Sequence[str],
    filters: bool,
    step: Step,
) -> Generation:
    disk, names = project.disk, _names(environments)
    if remembered is None:
        readings, known = read_environments(disk, environments), dict[str, Settled]()
    else:
        readings, known = read_changed(disk, environments, remembered)
    refuse_another(reading.layers for reading in readings)
    found, wanted = check_and_expect(disk, readings, base, step)
    findings = sort_findings(chain(*found, *(settled.findings for settled in known.values())))
    if wanted is None:
        return Generation(findings, None, names, tuple(readings))
    changed = (*prune, *(reading.environment.name for reading in readings))
    owned = ["base", *(scope for name in changed for scope in scopes(disk, name))]
    stacks = {reading.environment.name: reading.stack for reading in readings if reading.stack is not None}
    rules, more = renew_rules(disk, stacks)
    files, places = wanted | rules | renew_schema(disk), [*owned, SOPS_RULES]
    plan = plan_tree(project.root, files, scopes=places, force=force, filters=filters)
    more += find_overrides(disk, _shared_folders(disk, names, plan))
    settled = known | {name: Settled(describe(stacks[name]), tuple(f)) for name, f in zip(stacks, found, strict=True)}
    return Generation(sort_findings([*findings, *more]), plan, names, tuple(readings), settled if not more else {})


def _shared_folders(disk: Snapshot, names: Sequence[str], plan: WritePlan) -> list[str]:
    """The folders that are built and hold what others wrote: those of a plan, and the units of people's own."""
    custom = (f"custom/{name}/{unit}" for name in names for unit in custom_units(disk, name))
    return sorted({dirname(path) for path in plan.beside}.union(custom))


def _names(environments: Sequence[Environment]) -> tuple[str, ...]:
    return tuple(environment.name for environment in environments)


def _find_orphans(disk: Snapshot, prune: Sequence[str]) -> list[str]:
    """Generated environments without a values file, those to be pruned left out."""
    known = {environment.name for environment in list_environments(disk)}
    generated = generated_environments(disk)
    for name in prune:
        if name in known:
            raise UsageError(f"--prune-env {name}: its values file is still there; remove that first")
        if name not in generated:
            raise UsageError(f"--prune-env {name}: there is no overlays/{name}")
    gone = [name for name in generated if name not in known and name not in prune]
    return [name for name in gone if is_ours(disk.read_bytes(f"overlays/{name}/kustomization.yaml") or b"")]


def _refuse(orphans: Sequence[str]) -> None:
    if orphans:
        advice = "`gen --prune-env {0}` removes it, or bring values/{0}.yaml back"
        raise RefusedError([f"overlays/{name} has no values file any more: {advice.format(name)}" for name in orphans])


def _restrict(generation: Generation, model: str) -> Generation:
    """The part of a generation that concerns one model: its units, and the lists that name it."""
    if generation.plan is None:
        return generation
    stacks = [reading.stack for reading in generation.readings if reading.stack is not None]
    known = {each.name for stack in stacks for each in stack.engine.model_spec if each.name and each.is_enabled}
    plan = generation.plan
    if model not in known and not any(_is_own(change.path, model) for change in plan.changes):
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"--only {model}: no environment that is generated has a model of that name: {listed}")
    changes = tuple(change for change in plan.changes if _is_own(change.path, model) or _is_list(change.path))
    if all(change.kind == "write" for change in changes if _is_own(change.path, model)):
        changes = tuple(change for change in changes if _is_own(change.path, model))
    refusals = tuple(each for each in plan.refusals if _is_own(each.path, model) or _is_list(each.path))
    return replace(generation, plan=replace(plan, changes=changes, refusals=refusals))


def _is_own(path: str, model: str) -> bool:
    return f"/models/{model}/" in path or path.endswith(f"/models/{model}.yaml")


def _is_list(path: str) -> bool:
    """Whether a file lists the models of an environment: its aggregate, the page, what the sync tool reads."""
    overlay = path.startswith("overlays/") and path.count("/") == 2
    return overlay or (path.startswith("clusters/") and path.count("/") == 3 and "/models/" not in path)


def write(project: Project, plan: WritePlan) -> None:
    """Carry a plan out; raises RefusedError when something that is not ours is in the way."""
    if plan.refusals:
        helps = dict.fromkeys(refusal.help for refusal in plan.refusals)
        shown = (f"{refusal.message}\n{refusal.diff}".rstrip("\n") for refusal in plan.refusals)
        raise RefusedError([*shown, *helps])
    if plan.changes or plan.empty_folders:
        apply(plan, project.root)
