"""The program: a sentence per command. Options come in, results go out; nothing here prints or exits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmstack import schemas, yamlio
from llmstack.checks import FOUNDATIONS, run_checks, settle
from llmstack.checks.partial import key_of, run_partial
from llmstack.checks.subject import Subject
from llmstack.disk.apply import apply
from llmstack.disk.ownership import header, is_ours
from llmstack.disk.plan import WritePlan, plan_tree
from llmstack.errors import RefusedError, UsageError
from llmstack.finding import Finding, Place, Severity, has_errors, sort_findings
from llmstack.fit.answer import Answer, Change, answer
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.progress import Step, ignore
from llmstack.report.changes import show_refusal
from llmstack.repository.model_facts import read_model_facts, reader_of
from llmstack.repository.project import Environment, Project, name_findings
from llmstack.repository.sops_config import renew_rules
from llmstack.repository.validation import stale_tree, unit_folders, validate_units
from llmstack.tree import sops_rules
from llmstack.tree.base import Base, lay_out_base
from llmstack.tree.layout import lay_out_environment
from llmstack.tree.secrets import secret_findings
from llmstack.values.layers import Layers
from llmstack.values.source import Source


@dataclass(frozen=True)
class Reading:
    """One environment as it was read; the subject of the checks is None when its values are not valid."""

    environment: Environment
    layers: Layers
    subject: Subject | None
    findings: tuple[Finding, ...]

    @property
    def stack(self) -> Stack | None:
        return self.subject.stack if self.subject else None


@dataclass(frozen=True)
class Generation:
    """What `gen` would do: the findings, and a plan when there is no error among them."""

    findings: list[Finding]
    plan: WritePlan | None
    readings: tuple[Reading, ...] = ()
    """The environments that were read for it."""

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(reading.environment.name for reading in self.readings)


def read(project: Project, environments: Sequence[Environment]) -> list[Reading]:
    """Read and validate environments; values/base.yaml is read once."""
    base = _base_source(project)
    read = [(each, *read_stack(_sources(project, each, base))) for each in environments]
    stacks = {each.name: stack for each, _, stack, _ in read if stack is not None}
    models = [model for stack in stacks.values() for model in stack.models]
    facts, unread = read_model_facts(reader_of(project.root), models)
    stacks |= _other_stacks(project, stacks, base)
    readings = []
    for each, layers, stack, findings in read:
        others = {name: other for name, other in stacks.items() if name != each.name}
        subject = Subject(each.name, stack.named(each.name), layers, others, facts) if stack is not None else None
        readings.append(Reading(each, layers, subject, (*name_findings([each]), *findings, *unread)))
        unread = []  # said once, however many environments lead to the file
    return readings


def _sources(project: Project, environment: Environment, base: Source | None) -> list[Source]:
    return [*([base] if base and environment.layered else []), project.read(environment.file)]


def _base_source(project: Project) -> Source | None:
    file = project.base_file()
    return project.read(file) if file else None


def lint(project: Project, environments: Sequence[Environment]) -> list[Finding]:
    """All findings on the values of these environments, and on values/base.yaml alone."""
    return check(read(project, environments))


def check(readings: Sequence[Reading]) -> list[Finding]:
    """The findings of reading and of all checks, settled and sorted."""
    findings: list[Finding] = []
    for reading in readings:
        found = list(reading.findings)
        if reading.subject is not None:
            found += run_checks(reading.subject)
        if reading.subject is None or any(finding.id in FOUNDATIONS for finding in found):
            said = {key_of(finding) for finding in found}
            rest = run_partial(reading.environment.name, reading.layers)
            found += [finding for finding in rest if key_of(finding) not in said]
        levels = reading.stack.gitops.checks if reading.stack else None
        findings += settle(found, reading.layers, dict(levels or {}))
    return sort_findings(findings)


def fit(
    project: Project, environments: Sequence[Environment], model: str | None, change: Change
) -> tuple[list[Finding], list[tuple[str, Answer]]]:
    """What becomes of the engines of these environments, or of one model, under `change`, by environment.

    The findings are those of reading: what checks have against an engine, the answer says itself.
    """
    readings = read(project, environments)
    findings = [finding for reading in readings for finding in reading.findings]
    answers = [
        (reading.environment.name, answer(subject.stack, each, subject.facts, change))
        for reading in readings
        if (subject := reading.subject) is not None
        for each in subject.stack.models
        if model is None or each.name == model
    ]
    return sort_findings(findings), answers


def _other_stacks(project: Project, known: Collection[str], base: Source | None) -> dict[str, Stack]:
    """Stacks of the environments that are not asked for but may collide with those that are.

    Only files that name a cluster at all are validated: a collision needs one.
    """
    stacks = {}
    for environment in project.environments():
        if environment.name in known:
            continue
        sources = _sources(project, environment, base)
        if any("cluster:" in source.text for source in sources):
            stack = read_stack(sources)[1]
            if stack is not None:
                stacks[environment.name] = stack
    return stacks


def render(project: Project, environment: Environment) -> tuple[list[Finding], str | None]:
    """All objects of one environment as a YAML stream; None when its values have errors."""
    reading = read(project, [environment])
    findings = check(reading)
    subject = reading[0].subject
    if subject is None or has_errors(findings):
        return findings, None
    return findings, "".join(f"---\n{yamlio.dump(placed.object)}" for placed in subject.objects)


def validate(
    project: Project,
    environments: Sequence[Environment],
    tool_folder: Path | None,
    *,
    units: Mapping[str, Collection[str]] | None = None,
    step: Step = ignore,
) -> list[Finding]:
    """Lint the values, compare them with the tree, build every unit and validate what comes out.

    `units` are those to build, by environment; all of them for None. `step` is told how far the builds are.
    """
    generation = generate(project, [environment.name for environment in environments])
    findings = list(generation.findings)
    if generation.plan is not None and not generation.plan.is_empty:
        plan = generation.plan
        stale = [*(change.path for change in plan.changes), *(refusal.path for refusal in plan.refusals)]
        findings.append(stale_tree(stale))
    asked = {environment.name for environment in environments}
    for reading in generation.readings:
        if reading.stack is None or reading.environment.name not in asked:
            continue
        name, gitops = reading.environment.name, reading.stack.gitops
        if gitops.kubernetes_version in schemas.KUBERNETES_VERSIONS:
            allowed = frozenset(gitops.allow_unknown_kinds or ())
            folders = unit_folders(project, name)
            if units is not None:
                folders = {unit: folder for unit, folder in folders.items() if unit in units.get(name, ())}
                if not folders:
                    continue
            findings += validate_units(
                project,
                name,
                folders,
                version=gitops.kubernetes_version,
                allowed=allowed,
                tool_folder=tool_folder,
                step=step,
            )
    return sort_findings(findings)


def generate(
    project: Project,
    names: Sequence[str],
    *,
    force: bool = False,
    prune: Sequence[str] = (),
    only: str | None = None,
) -> Generation:
    """Plan the files of the environments that are named (all of them for none), and of base/.

    A run that changes base/ plans every environment again. Raises RefusedError when an environment in overlays/ has no
    values file any more and `prune` does not name it.
    """
    everything = project.environments()
    orphans = _find_orphans(project, [each.name for each in everything], prune)
    if project.means_all(names) and not prune:
        _refuse(orphans)
    asked = project.select(names) if names or not prune else []
    base_findings, base = _read_base(project)
    if has_errors(base_findings) or base is None:
        readings = read(project, asked)
        return Generation(sort_findings([*base_findings, *check(readings)]), None, tuple(readings))
    base_plan = plan_tree(project.root, base.files, scopes=["base"], force=force)
    chosen = asked
    if base_plan.changes or base_plan.refusals:
        _refuse(orphans)
        chosen = everything
    readings = read(project, chosen)
    findings = check(readings) if readings else []
    if has_errors(findings) or any(reading.stack is None for reading in readings):
        return Generation(findings, None, tuple(readings))
    wanted, scopes = dict(base.files), ["base", *(scope for name in prune for scope in project.scopes(name))]
    for reading in readings:
        assert reading.subject is not None
        name, subject = reading.environment.name, reading.subject
        custom = project.custom_units(name)
        label = header(reading.environment.label)
        encrypted = project.encrypted(name)
        laid_out = lay_out_environment(
            name, subject.stack, base, subject.objects, custom=custom, encrypted=encrypted, header=label
        )
        findings += _orphaned_custom(name, custom, laid_out.units)
        findings += secret_findings(name, subject.stack, subject.objects, encrypted)
        wanted |= laid_out.files
        scopes += project.scopes(name)
    if has_errors(findings):
        return Generation(sort_findings(findings), None, tuple(readings))
    stacks = {reading.environment.name: reading.stack for reading in readings if reading.stack is not None}
    rules, found = renew_rules(project, stacks)
    findings += found
    plan = plan_tree(project.root, wanted | rules, scopes=[*scopes, sops_rules.PATH], force=force)
    if only is not None:
        if not any(f"/models/{only}/" in path for path in (*wanted, *(change.path for change in plan.changes))):
            raise UsageError(f"--only {only}: no environment has a model of that name")
        plan = restrict(plan, only)
    return Generation(sort_findings(findings), plan, tuple(readings))


def _read_base(project: Project) -> tuple[list[Finding], Base | None]:
    source = _base_source(project)
    layers, stack, findings = read_stack([source] if source else [])
    settled = list(settle(findings, layers, {}))
    return settled, lay_out_base(stack, header("values/base.yaml")) if stack is not None else None


def _find_orphans(project: Project, known: Sequence[str], prune: Sequence[str]) -> list[str]:
    """Generated environments without a values file, those to be pruned left out."""
    generated = project.generated_environments()
    for name in prune:
        if name in known:
            raise UsageError(f"--prune-env {name}: its values file is still there; remove that first")
        if name not in generated:
            raise UsageError(f"--prune-env {name}: there is no overlays/{name}")
    gone = [name for name in generated if name not in known and name not in prune]
    return [name for name in gone if _is_generated(project.root / "overlays" / name / "kustomization.yaml")]


def _refuse(orphans: Sequence[str]) -> None:
    if orphans:
        advice = "`gen --prune-env {0}` removes it, or bring values/{0}.yaml back"
        raise RefusedError([f"overlays/{name} has no values file any more: {advice.format(name)}" for name in orphans])


def _is_generated(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and is_ours(file.read_bytes())


def _orphaned_custom(environment: str, custom: Iterable[str], units: Collection[str]) -> list[Finding]:
    return [
        Finding(
            "orphaned-custom",
            Severity.WARNING,
            f"custom/{environment}/{unit} builds on a unit that is not generated: it is left out",
            place=Place(f"custom/{environment}/{unit}/kustomization.yaml"),
            help="remove it, or rename it to the unit it is for",
        )
        for unit in custom
        if unit not in units
    ]


def restrict(plan: WritePlan, model: str) -> WritePlan:
    """The part of a plan that concerns one model: its units, and the lists that name it."""

    def is_own(path: str) -> bool:
        return f"/models/{model}/" in path or path.endswith(f"/models/{model}.yaml")

    def concerns(path: str) -> bool:
        return is_own(path) or _is_list(path)

    changes = tuple(change for change in plan.changes if concerns(change.path))
    own = any(is_own(change.path) for change in changes if change.kind != "write")
    kept = changes if own else tuple(change for change in changes if is_own(change.path))
    refusals = tuple(refusal for refusal in plan.refusals if concerns(refusal.path))
    return replace(plan, changes=kept, refusals=refusals)


def _is_list(path: str) -> bool:
    """Whether a file lists the models of an environment: its aggregate, the page, what the sync tool reads."""
    overlay = path.startswith("overlays/") and path.count("/") == 2
    return overlay or (path.startswith("clusters/") and path.count("/") == 3 and "/models/" not in path)


def write(project: Project, plan: WritePlan) -> None:
    """Carry a plan out; raises RefusedError when something that is not ours is in the way."""
    if plan.refusals:
        helps = dict.fromkeys(refusal.help for refusal in plan.refusals)
        raise RefusedError([*(show_refusal(refusal).rstrip("\n") for refusal in plan.refusals), *helps])
    if plan.changes or plan.empty_folders:
        apply(plan, project.root)
