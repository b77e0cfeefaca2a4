"""A review as a comment on a pull request: never longer than a comment may be, and inert whatever names it
holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack import about
from llmstack.finding import Finding, Severity
from llmstack.report.budget import Part, fit
from llmstack.report.clusters import group_removed, sync_rows, told_clusters
from llmstack.report.cost import say_cost, say_unpriced, told_costs
from llmstack.report.engines import group_engines, say_engine
from llmstack.report.gantt import draw_gantt
from llmstack.report.groups import group_changes
from llmstack.report.images import changed_images
from llmstack.report.markdown import code, prose
from llmstack.report.markdown_changes import changes_part, differences_part, list_names
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.page_pools import DrawnPool, page_pools
from llmstack.report.risks import RiskGroup, group_risks
from llmstack.report.rollout_groups import group_failures
from llmstack.report.rollout_table import Row, rolling_environments, rollout_rows
from llmstack.report.sources import told_sources
from llmstack.report.verdict import NOTHING, Verdict, judge, say_rule, say_rules
from llmstack.report.waves import told_waves
from llmstack.report.words import say_target, short_revision
from llmstack.review.cost import Cost
from llmstack.review.engine_change import EngineChange
from llmstack.review.result import ClusterReview, Review
from llmstack.review.wording import plural

SIGNS = {None: "✅", Severity.NOTE: "ℹ️", Severity.WARNING: "⚠️", Severity.ERROR: "❌"}
WHERE = "The full report is the artifact `review`."
ENVIRONMENTS = 20
"""Environments that the verdict tells of."""
OPEN_RISKS = 12
"""Risks that are not folded."""
COLUMNS = 8
"""Environments that are columns of one table."""


def render(review: Review, options: Options = PLAIN) -> str:
    """Return the comment, at most `options.limit` bytes: the verdict, then risks, GPUs, rollouts, findings,
    changes and rendered differences, as much of each as there is room for. Secrets are masked."""
    shown = mask_review(review)
    groups = group_changes(shown)
    parts = [
        _rules(shown),
        _removed(shown),
        _clusters(shown),
        _waves(shown),
        *_risks(group_risks(shown), options.home),
        _gpus(shown),
        *_rollouts(shown),
        _failures(shown),
        _course(shown),
        _engines(shown),
        _findings(shown),
        _images(shown),
        changes_part(groups),
        differences_part(groups),
    ]
    return fit(_opening(shown, judge(shown), options.page), parts, options.limit, WHERE)


def _opening(review: Review, verdict: Verdict, page: str | None) -> str:
    """The verdict line, and a line for each environment that changes. `page` is an address that holds nothing but
    what an address needs."""
    from_revision, to_revision = short_revision(review.from_revision), say_target(review)
    head = verdict.headline or (NOTHING.rstrip(".") if not verdict.effects else "No risk")
    link = f" · [page]({page})" if page else ""
    lines = [
        f"{SIGNS[verdict.level]} **{head}** · {code(from_revision, 40)} → {code(to_revision, 40)}{link}",
        "",
        *_bounded(
            [f"- {code(name, 60)}: {prose(effect, 400)}" for name, effect in verdict.effects], "other environment"
        ),
        *_bounded(
            [f"- facts of {code(name, 60)}: {prose(told, 400)}" for name, told in told_sources(review)],
            "other cluster",
            "the facts of ",
        ),
        *_bounded([_cost(name, cost) for name, cost in told_costs(review)], "other cluster", "the cost of "),
    ]
    return "\n".join([*lines, ""])


def _bounded(lines: Sequence[str], noun: str, lead: str = "") -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - ENVIRONMENTS
    return [*lines[:ENVIRONMENTS], *([f"- and {lead}{plural(more, noun)}"] if more > 0 else [])]


def _cost(name: str, cost: Cost) -> str:
    unpriced = prose(say_unpriced(cost), 200) if cost.unpriced else ""
    return f"- cost of {code(name, 60)}: {say_cost(cost)}{unpriced}"


def _rules(review: Review) -> Part:
    """What the change does to the rules, before what it does to the cluster."""
    items = [f"- {prose(say_rule(rule), 400)}\n" for rule in review.rules]
    head = f"\n{prose(say_rules(review))}\n\n" if say_rules(review) else ""
    return Part(head, items or ([""] if head else []), len(items), "altered rule", share=0.1)


def _removed(review: Review) -> Part:
    """What goes, before all else."""
    rows = [
        f"| {code(name, 60)} | {list_names(names)} | {prose(told)} |\n"
        for name, environment in sorted(review.environments.items())
        for names, told in group_removed(environment.removed)
    ]
    head = "\n#### Removed\n\n| environment | model or workload | replicas |\n|---|---|---|\n"
    return Part(head, rows, len(rows), "removed workload", share=0.2)


def _clusters(review: Review) -> Part:
    """Who applies what from now on, and the safe way there."""
    items = [item for name, cluster in told_clusters(review) for item in _cluster(name, cluster)]
    return Part("\n#### Clusters\n\n", items, len(items), "line on clusters", share=0.3)


def _cluster(name: str, cluster: ClusterReview) -> Iterator[str]:
    for row in sync_rows(cluster):
        sign = SIGNS[Severity.WARNING] if row.action in ("pruned", "blocked", "moved") else SIGNS[Severity.NOTE]
        units = list_names(list(row.units))
        yield f"- {sign} {code(name, 60)} **{row.action}** {units} ({row.say_objects()}): {prose(row.why, 400)}\n"
    yield from (f"  - {prose(step, 900)}\n" for step in cluster.advice)
    yield from (f"- {code(path, 160)} was not written by llmstack\n" for path in cluster.foreign)


def _waves(review: Review) -> Part:
    """The order of commits that finishes, where the change at once does not."""
    items = [
        item
        for name, head, steps in told_waves(review)
        for item in (f"- {code(name, 60)}: {head}\n", *(f"  1. {prose(step, 600)}\n" for step in steps))
    ]
    return Part("\n#### Order of commits that finishes\n\n", items, len(items), "line of commits", share=0.2)


def _risks(groups: list[RiskGroup], home: str | None) -> Iterator[Part]:
    """The worst of them open; the others, notes and what was acknowledged folded."""
    pressing = [group for group in groups if not group.risk.acknowledged and group.severity is not Severity.NOTE]
    first = pressing[:OPEN_RISKS]
    others = pressing[OPEN_RISKS:] + groups[len(pressing) :]
    ids = dict.fromkeys(group.risk.id for group in first)
    more = f"\nFor more: {', '.join(_page(id, home) for id in ids)}.\n"
    yield Part("\n#### Risks\n\n", map(_risk, first), len(first), "risk", share=0.4, foot=more)
    title = plural(len(others), "other risk") if first else f"{plural(len(others), 'risk')}, noted or acknowledged"
    head = f"\n<details><summary>{title}</summary>\n\n"
    yield Part(head, map(_risk, others), len(others), "risk", share=0.2, foot="\n</details>\n")


def _page(id: str, home: str | None) -> str:
    """What prints the page of a risk; a link to it where the project has an address."""
    words, address = code(f"llmstack explain {id}"), about.address("docs/risks.md", id, home)
    return f"[{words}]({address})" if address else words


def _risk(group: RiskGroup) -> str:
    risk = group.risk
    said = "acknowledged, " if risk.acknowledged else ""
    names = list(dict.fromkeys(f"{object} ({place})" if place else object for object, place in group.at))
    head = f"- {SIGNS[group.severity]} **{said}{group.severity}** {code(risk.id)}"
    lines = [f"{head} in {list_names(group.environments)}: {prose(group.say_message())}", f"  - {list_names(names)}"]
    if risk.accepted:
        said = "Accepted" if risk.acknowledged else "More than was accepted"
        lines.append(f"  - {said}: {prose(risk.accepted, 300)}")
    if risk.advice:
        lines.append(f"  - Advice: {prose(risk.advice)}")
    return "\n".join([*lines, ""])


def _gpus(review: Review) -> Part:
    """Each pool once, whoever shares it, the one in trouble first."""
    columns = ("pool", "resource", "of", "before", "after", "peak", "capacity", "")
    head = f"\n#### GPUs\n\n| {' | '.join(columns)} |\n|---|---|---|--:|--:|--:|--:|---|\n"
    changed, still = page_pools(review)
    rows = [f"| {' | '.join(_pool_cells(pool))} |\n" for pool in (*changed, *still)]
    return Part(head, rows, len(rows), "GPU pool", share=0.15)


def _pool_cells(pool: DrawnPool) -> list[str]:
    row = pool.row
    most = f" ({row.peak_max:,} with scalers at their most)" if row.peak_max not in (None, row.peak) else ""
    capacity = f"{row.capacity:,}" if row.capacity is not None else "not declared"
    names = [code(row.pool, 60) if row.pool else "", code(row.resource, 60), prose(pool.owner, 100)]
    counts = [f"{row.before:,}", f"{row.after:,}", f"{row.peak:,}{most}", capacity]
    return [*names, *counts, f"**{pool.hang}**" if pool.hang else ""]


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
    return f"| {list_names(list(row.names))} | {cells} |\n"


def _failures(review: Review) -> Part:
    """What is left of each rollout that fails, those of which the same is left together."""
    items = [
        f"- {code(name, 60)} {list_names(names)}: {prose(told)}\n"
        for name, environment in sorted(review.environments.items())
        for names, told in group_failures(environment)
    ]
    head = "\n<details><summary>If the new pods never get ready</summary>\n\n"
    return Part(head, items, len(items), "rollout that may fail", share=0.1, foot="\n</details>\n")


def _course(review: Review) -> Part:
    """The longest rollouts over time."""
    drawn = draw_gantt(review)
    head = "\n<details><summary>The longest rollouts, in hours and minutes after the merge</summary>\n\n"
    return Part(head, [drawn], 1 if drawn else 0, "picture", share=0.2, foot="\n</details>\n")


def _images(review: Review) -> Part:
    items = [
        f"- {code(each.before, 160)} → {code(each.after, 160)} {prose(each.say_extent())}\n"
        for each in changed_images(review)
    ]
    return Part("\n#### Images\n\n", items, len(items), "image", share=0.1)


def _engines(review: Review) -> Part:
    """Models whose engine changes, each with what becomes of it."""
    items = [
        _engine(name, engine)
        for name, environment in sorted(review.environments.items())
        for engine in group_engines(environment.engines)
    ]
    return Part("\n#### Engines\n\n", items, len(items), "engine", share=0.2)


def _engine(environment: str, alike: Sequence[EngineChange]) -> str:
    head, *rest = say_engine(alike)
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
