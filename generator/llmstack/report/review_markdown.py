"""A review as a comment on a pull request: never longer than a comment may be, and inert whatever names it
holds."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Finding, Severity
from llmstack.report.budget import Part, fit
from llmstack.report.clusters import say_members, say_pools, say_removed, sync_rows, told_clusters
from llmstack.report.engines import say_engine
from llmstack.report.groups import Group, group_changes
from llmstack.report.markdown import code, fenced, fold_title, prose
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.rendered import render_difference
from llmstack.report.risks import RiskGroup, group_risks
from llmstack.report.rollout_table import Row, rolling_environments, rollout_rows
from llmstack.report.verdict import NOTHING, Verdict, judge, say_rule, say_rules
from llmstack.report.words import say_gpus, say_hang, say_target, short_revision
from llmstack.review.result import ClusterReview, EngineChange, GpuPool, Removed, Review
from llmstack.review.wording import plural

SIGNS = {None: "✅", Severity.NOTE: "ℹ️", Severity.WARNING: "⚠️", Severity.ERROR: "❌"}
WHERE = "The full report is the artifact `review`."
ENVIRONMENTS = 20
"""Environments that the verdict tells of."""
OPEN_RISKS = 12
"""Risks that are not folded."""
NAMES = 6
"""Names that a group lists."""
COLUMNS = 8
"""Environments that are columns of one table."""
DIFF_LINES = 120
"""Lines of one object's rendered difference."""


def render(review: Review, options: Options = PLAIN) -> str:
    """Return the comment, at most `options.limit` bytes: the verdict, then risks, GPUs, rollouts, findings,
    changes and rendered differences, as much of each as there is room for. Secrets are masked."""
    shown = mask_review(review)
    groups = group_changes(shown)
    changed = sum(len(environment.objects) for environment in shown.environments.values())
    parts = [
        _rules(shown),
        _removed(shown),
        _clusters(shown),
        *_risks(group_risks(shown)),
        _gpus(shown),
        *_rollouts(shown),
        _engines(shown),
        _findings(shown),
        _changes(groups),
        Part(
            f"\n<details><summary>Rendered difference of {plural(changed, 'object')}</summary>\n",
            _differences(groups),
            changed,
            "rendered difference",
            foot="\n</details>\n",
        ),
    ]
    return fit(_opening(shown, judge(shown), options.page), parts, options.limit, WHERE)


def _opening(review: Review, verdict: Verdict, page: str | None) -> str:
    """The verdict line, and a line for each environment that changes. `page` is an address that holds nothing but
    what an address needs."""
    from_revision, to_revision = short_revision(review.from_revision), say_target(review)
    head = verdict.tally or (NOTHING.rstrip(".") if not verdict.effects else "No risk")
    link = f" · [page]({page})" if page else ""
    lines = [f"{SIGNS[verdict.level]} **{head}** · {code(from_revision, 40)} → {code(to_revision, 40)}{link}", ""]
    lines += [f"- {code(name, 60)}: {prose(effect, 400)}" for name, effect in verdict.effects[:ENVIRONMENTS]]
    more = len(verdict.effects) - ENVIRONMENTS
    return "\n".join([*lines, *([f"- and {plural(more, 'other environment')}"] if more > 0 else []), ""])


def _rules(review: Review) -> Part:
    """What the change does to the rules, before what it does to the cluster."""
    items = [f"- {prose(say_rule(rule), 400)}\n" for rule in review.rules]
    head = f"\n{prose(say_rules(review))}\n\n" if say_rules(review) else ""
    return Part(head, items or ([""] if head else []), len(items), "altered rule", share=0.1)


def _removed(review: Review) -> Part:
    """What goes, before all else."""
    rows = [
        f"| {code(name, 60)} | {code(_subject(removed), 100)} | {prose(say_removed(removed))} |\n"
        for name, environment in sorted(review.environments.items())
        for removed in environment.removed
    ]
    head = "\n#### Removed\n\n| environment | model or workload | replicas |\n|---|---|---|\n"
    return Part(head, rows, len(rows), "removed workload", share=0.2)


def _subject(removed: Removed) -> str:
    return removed.model or f"{removed.kind}/{removed.name}"


def _clusters(review: Review) -> Part:
    """Who applies what from now on, and the safe way there."""
    items = [item for name, cluster in told_clusters(review) for item in _cluster(name, cluster)]
    return Part("\n#### Clusters\n\n", items, len(items), "line on clusters", share=0.3)


def _cluster(name: str, cluster: ClusterReview) -> Iterator[str]:
    for row in sync_rows(cluster):
        sign = SIGNS[Severity.WARNING] if row.action in ("pruned", "blocked", "moved") else SIGNS[Severity.NOTE]
        units = _names(list(row.units))
        yield f"- {sign} {code(name, 60)} **{row.action}** {units} ({row.say_objects()}): {prose(row.why, 400)}\n"
    yield from (f"  - {prose(step, 900)}\n" for step in cluster.advice)
    yield from (f"- {code(path, 160)} was not written by llmstack\n" for path in cluster.foreign)
    yield from (
        f"- {code(name, 60)} ({prose(say_members(cluster))}): {prose(told)} {say_gpus(pool)}"
        f"{f', **{say_hang(pool)}**' if say_hang(pool) else ''}\n"
        for told, pool in say_pools(cluster)
    )


def _risks(groups: list[RiskGroup]) -> Iterator[Part]:
    """The worst of them open; the others, notes and what was acknowledged folded."""
    pressing = [group for group in groups if not group.risk.acknowledged and group.severity is not Severity.NOTE]
    first = pressing[:OPEN_RISKS]
    others = pressing[OPEN_RISKS:] + groups[len(pressing) :]
    ids = dict.fromkeys(group.risk.id for group in first)
    more = f"\nFor more: {', '.join(code(f'llmstack explain {id}') for id in ids)}.\n"
    yield Part("\n#### Risks\n\n", map(_risk, first), len(first), "risk", share=0.4, foot=more)
    title = plural(len(others), "other risk") if first else f"{plural(len(others), 'risk')}, noted or acknowledged"
    head = f"\n<details><summary>{title}</summary>\n\n"
    yield Part(head, map(_risk, others), len(others), "risk", share=0.2, foot="\n</details>\n")


def _risk(group: RiskGroup) -> str:
    risk = group.risk
    said = "acknowledged, " if risk.acknowledged else ""
    names = list(dict.fromkeys(f"{object} ({place})" if place else object for object, place in group.at))
    head = f"- {SIGNS[group.severity]} **{said}{group.severity}** {code(risk.id)}"
    lines = [f"{head} in {code(group.environment, 60)}: {prose(risk.message)}", f"  - {_names(names)}"]
    if risk.accepted:
        said = "Accepted" if risk.acknowledged else "More than was accepted"
        lines.append(f"  - {said}: {prose(risk.accepted, 300)}")
    if risk.advice:
        lines.append(f"  - Advice: {prose(risk.advice)}")
    return "\n".join([*lines, ""])


def _gpus(review: Review) -> Part:
    columns = ("environment", "pool", "resource", "before", "after", "peak", "capacity", "")
    head = f"\n#### GPUs\n\n| {' | '.join(columns)} |\n|---|---|---|--:|--:|--:|--:|---|\n"
    rows = [
        f"| {' | '.join(_pool_cells(name, pool))} |\n"
        for name, environment in sorted(review.environments.items())
        for pool in environment.gpus
        if environment.objects or environment.risks
    ]
    return Part(head, rows, len(rows), "GPU pool", share=0.15)


def _pool_cells(environment: str, pool: GpuPool) -> list[str]:
    counts = [str(pool.before), str(pool.after), str(pool.peak)]
    capacity = str(pool.capacity) if pool.capacity is not None else "not declared"
    names = [code(environment, 60), code(pool.pool, 60) if pool.pool else "", code(pool.resource, 60)]
    return [*names, *counts, capacity, f"**{say_hang(pool)}**" if say_hang(pool) else ""]


def _rollouts(review: Review) -> Iterator[Part]:
    """Models by environment; models whose cells are equal share a row. Many environments make several
    tables."""
    names = rolling_environments(review)
    for start in range(0, len(names), COLUMNS):
        shown = names[start : start + COLUMNS]
        rows = rollout_rows(review, shown)
        titles = " | ".join(code(name, 60) for name in shown)
        title = "" if start else "\n#### Rollouts\n"
        head = f"{title}\n| model | {titles} |\n|---|{'---|' * len(shown)}\n"
        yield Part(head, map(_row, rows), len(rows), "rollout row", share=0.25)


def _row(row: Row) -> str:
    cells = " | ".join(prose(cell) for cell in row.cells)
    return f"| {_names(list(row.names))} | {cells} |\n"


def _engines(review: Review) -> Part:
    """Models whose engine changes, each with what becomes of it."""
    items = [
        _engine(name, engine)
        for name, environment in sorted(review.environments.items())
        for engine in environment.engines
    ]
    return Part("\n#### Engines\n\n", items, len(items), "engine", share=0.2)


def _engine(environment: str, engine: EngineChange) -> str:
    head, *rest = say_engine(engine)
    lines = [f"- {code(environment, 60)}: {prose(head)}", *(f"  - {prose(line, 400)}" for line in rest)]
    return "\n".join([*lines, ""])


def _findings(review: Review) -> Part:
    items = [
        _finding(name, finding)
        for name, environment in sorted(review.environments.items())
        for finding in environment.findings
    ]
    return Part("\n#### Findings\n\n", items, len(items), "finding", share=0.15)


def _finding(environment: str, finding: Finding) -> str:
    place = f" ({code(str(finding.place))})" if finding.place else ""
    help = f"\n  - {prose(finding.help)}" if finding.help else ""
    severity = Severity(finding.severity)
    head = f"- {SIGNS[severity]} **{severity}** {code(finding.id)} in {code(environment, 60)}"
    return f"{head}: {prose(finding.message)}{place}{help}\n"


def _changes(groups: list[Group]) -> Part:
    return Part("\n#### Changes\n\n", map(_group, groups), len(groups), "change", share=0.4)


def _group(group: Group) -> str:
    """A group of changes: how many have it, what it is, whose it is."""
    verbs = {"add": "New", "remove": "**Removed**", "change": "Changed"}
    extent = group.say_extent()
    said = [verbs[group.action], code(group.kind, 60)]
    said += [f"({extent})"] if extent else []
    said += ["**restarts pods**"] if group.restarts else []
    environments = ", ".join(code(name, 60) for name in group.environments[:NAMES])
    names = list(dict.fromkeys(member.object.name for member in group.members))
    lines = [f"- {' '.join(said)}: {_names(names)} in {environments}"]
    for change in group.changes[:12]:
        lines.append(f"  - {code(change.path, 160)}: {_value(change.before)} → {_value(change.after)}")
    more = len(group.changes) - 12
    return "\n".join([*lines, *([f"  - and {plural(more, 'other field')}"] if more > 0 else []), ""])


def _differences(groups: list[Group]) -> Iterator[str]:
    """Each object's rendered difference, folded; first one object of each group, then the others."""
    told: set[int] = set()
    first = [group.members[0] for group in groups]
    for member in [*first, *(member for group in groups for member in group.members[1:])]:
        change = member.object
        if id(change) in told:
            continue
        told.add(id(change))
        lines = render_difference(change)
        cut = len(lines) - DIFF_LINES
        shown = [line if len(line) <= 300 else f"{line[:299]}…" for line in lines[:DIFF_LINES]]
        note = f"{change.action}, {cut} lines left out" if cut > 0 else change.action
        body = fenced(shown, "diff") if shown else "(not rendered)"
        title = f"{change.kind}/{change.name} in {member.environment}"
        yield f"\n<details>{fold_title(title, note)}\n\n{body}\n\n</details>\n"


def _names(names: list[str]) -> str:
    listed = ", ".join(code(name, 100) for name in names[:NAMES])
    more = len(names) - NAMES
    return f"{listed} and {more:,} more" if more > 0 else listed


def _value(value: str | None) -> str:
    return "*unset*" if value is None else code(value, 120) if value else "*empty*"
