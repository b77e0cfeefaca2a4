"""A review for people at a terminal: the verdict, then each environment's GPUs, rollouts, risks and
changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.finding import Severity
from llmstack.report import text
from llmstack.report.clusters import group_removed, say_members, say_pools, sync_rows, told_clusters
from llmstack.report.cost import say_cost, say_unpriced, told_costs
from llmstack.report.engines import group_engines, say_engine
from llmstack.report.groups import Group, group_changes
from llmstack.report.images import ImageChange, changed_images
from llmstack.report.mask import mask_review
from llmstack.report.options import PLAIN, Options
from llmstack.report.paint import BLUE, BOLD, BY_SEVERITY, DIM, GREEN, RED, Paint, paint_with
from llmstack.report.risks import RiskGroup, group_risks
from llmstack.report.rollout_groups import RolloutGroup, group_failures, group_rollouts, say_names
from llmstack.report.sources import told_sources
from llmstack.report.verdict import judge, say_rule, say_rules
from llmstack.report.visible import bounded, from_difference, pad, shorten, visible, width
from llmstack.report.waves import told_waves
from llmstack.report.words import (
    say_gpus,
    say_hang,
    say_pool,
    say_ready,
    say_replicas,
    say_target,
    say_why,
    short_revision,
)
from llmstack.review.forecast import GpuPool
from llmstack.review.result import ClusterReview, EnvironmentReview, Review
from llmstack.review.wording import plural

VALUE = 120
"""Characters of a field's value that are shown."""
NAMES = 8
"""Names of a group that are listed."""
RULES = 20
"""Altered rules that are listed."""
RULE = 400
"""Characters of one."""
SIGNS = {"add": ("+", GREEN), "change": ("~", BLUE), "remove": ("-", RED)}


def render(review: Review, options: Options = PLAIN) -> str:
    """Return the whole review as text, changes that objects share told once; secrets masked."""
    shown = mask_review(review)
    paint = paint_with(colour=options.colour)
    verdict = judge(shown)
    revisions = f"{short_revision(shown.from_revision)} → {say_target(shown)}"
    colour = BY_SEVERITY[verdict.level] if verdict.level else BOLD
    lines = [f"{paint(visible(revisions), DIM)}", paint(visible(str(verdict)), colour)]
    lines += _rules(shown)
    lines += [visible(f"facts of {name}: {told}") for name, told in told_sources(shown)]
    lines += [visible(f"cost of {name}: {say_cost(cost)}{say_unpriced(cost)}") for name, cost in told_costs(shown)]
    for name, head, steps in told_waves(shown):
        lines += [
            visible(f"{name}: {head}:"),
            *(visible(f"  {number}. {step}") for number, step in enumerate(steps, 1)),
        ]
    risks, clusters = group_risks(shown), told_clusters(shown)
    for name, cluster in clusters:
        members = f" ({say_members(cluster)})" if say_members(cluster) else ""
        lines += ["", paint(visible(f"cluster {name}{members}"), BOLD), *_cluster(cluster, paint)]
        lines += _risks([group for group in risks if _is_of_cluster(group, name, cluster)], paint)
    for name, environment in sorted(shown.environments.items()):
        own = [group for group in risks if group.environments == (name,)]
        if environment.objects or own or environment.findings or environment.removed:
            shared = [pool for _, cluster in clusters for pool in _shared(cluster, name)]
            lines += ["", paint(visible(name), BOLD), *_environment(environment, paint, shared), *_engines(environment)]
            lines += _risks(own, paint)
            found = "".join(text.render_blocks(environment.findings, paint)).splitlines()
            lines += [f"  {line}".rstrip() for line in found]
    images = list(_images(changed_images(shown)))
    lines += ["", paint(images[0], BOLD), *images[1:]] if images else []
    groups = group_changes(shown)
    if groups:
        lines += ["", paint("Changes", BOLD)]
        several = len(shown.environments) > 1
        lines += [f"  {line}" for group in groups for line in _group(group, paint, several=several)]
    return "".join(f"{bounded(line)}\n" for line in lines)


def _rules(review: Review) -> Iterator[str]:
    """What the change does to the rules, before what it does to the cluster."""
    if say_rules(review):
        yield say_rules(review)
    yield from (f"  {shorten(visible(say_rule(rule)), RULE)}" for rule in review.rules[:RULES])
    if len(review.rules) > RULES:
        yield f"  and {plural(len(review.rules) - RULES, 'other rule')}"


def _cluster(cluster: ClusterReview, paint: Paint) -> Iterator[str]:
    """Who applies what from now on, how to get there, and the pools that its environments share."""
    if cluster.sync:
        yield "  Sync"
    for row in sync_rows(cluster):
        colour = RED if row.action in ("pruned", "blocked") else BLUE
        yield f"    {paint(row.action, colour)} {visible(row.say_units())} ({row.say_objects()})"
        yield f"      {visible(row.why)}"
    if cluster.advice:
        yield "  Order of commits"
    yield from (f"    {visible(step)}" for step in cluster.advice)
    if cluster.foreign:
        yield "  Files that llmstack did not write"
    yield from (f"    {visible(path)}" for path in cluster.foreign)
    pools = list(say_pools(cluster))
    if pools:
        yield "  GPUs of all its environments"
        yield from _table([[visible(name), say_gpus(pool), say_hang(pool)] for name, pool in pools], paint, last=RED)


def _is_of_cluster(group: RiskGroup, name: str, cluster: ClusterReview) -> bool:
    """Whether several environments of a cluster have a risk, or none does, because none stands in it."""
    if cluster.environments:
        return len(group.environments) > 1 and group.environments[0] in cluster.environments
    return group.environments == (name,)


def _shared(cluster: ClusterReview, environment: str) -> list[GpuPool]:
    """The pools that are told with the cluster of an environment."""
    return [pool for _, pool in say_pools(cluster)] if environment in cluster.environments else []


def _environment(environment: EnvironmentReview, paint: Paint, shared: Sequence[GpuPool] = ()) -> Iterator[str]:
    """What goes, rolls out and is taken in one environment; of pools those that are not `shared`, which are told
    already."""
    told = {(pool.pool, pool.resource) for pool in shared}
    own = [pool for pool in environment.gpus if (pool.pool, pool.resource) not in told]
    if environment.removed:
        yield paint("  Removed", RED)
        rows = [[visible(say_names(names, NAMES)), told] for names, told in group_removed(environment.removed)]
        yield from _table(rows, paint)
    if own:
        yield "  GPUs"
        rows = [[visible(say_pool(pool)), say_gpus(pool), say_hang(pool)] for pool in own]
        yield from _table(rows, paint, last=RED)
    if environment.rollouts:
        yield "  Rollouts"
        yield from _table([_rollout(group) for group in group_rollouts(environment)], paint)
    failures = [[visible(say_names(names, 3)), told] for names, told in group_failures(environment)]
    if failures:
        yield "  If the new pods never get ready"
        yield from _table(failures, paint)


def _rollout(group: RolloutGroup) -> list[str]:
    first = group.first
    return [visible(say_names(group.names, 3)), say_why(first), say_replicas(first), say_ready(first), group.time]


def _images(images: Sequence[ImageChange]) -> Iterator[str]:
    if images:
        yield "Images"
    for image in images:
        yield f"  {visible(image.before)} → {visible(image.after)} ({visible(image.say_extent())})"


def _engines(environment: EnvironmentReview) -> Iterator[str]:
    if environment.engines:
        yield "  Engines"
    for alike in group_engines(environment.engines):
        head, *rest = say_engine(alike)
        yield f"    {visible(head)}"
        yield from (f"      {visible(line)}" for line in rest)


def _risks(groups: Sequence[RiskGroup], paint: Paint) -> Iterator[str]:
    if groups:
        yield "  Risks"
    for group in groups:
        risk = group.risk
        said = f" (acknowledged: {risk.accepted})" if risk.acknowledged and risk.accepted else ""
        said = said or (" (acknowledged)" if risk.acknowledged else "")
        head = paint(f"{risk.severity}[{risk.id}]", BY_SEVERITY[group.severity])
        yield f"    {head}{visible(said)}: {visible(group.say_message())}"
        if risk.accepted and not risk.acknowledged:
            yield f"      = more than was acknowledged: {visible(risk.accepted)}"
        yield from (f"      --> {_at(object, place)}" for object, place in group.at[:NAMES])
        if len(group.at) > NAMES:
            yield f"      --> and {plural(len(group.at) - NAMES, 'other object')}"
        if risk.advice:
            yield f"      = help: {visible(risk.advice)}"
    ids = dict.fromkeys(group.risk.id for group in groups if group.severity is not Severity.NOTE)
    if ids:
        yield paint(f"    For more: {', '.join(f'llmstack explain {id}' for id in ids)}", DIM)


def _at(object: str, place: str | None) -> str:
    return visible(f"{object} ({place})" if place else object)


def _table(rows: Sequence[Sequence[str]], paint: Paint, last: str | None = None) -> Iterator[str]:
    """Rows in columns; the last one in a colour where it is given."""
    columns = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [pad(cell, columns[index]) for index, cell in enumerate(row[:-1])]
        end = paint(row[-1], last) if last else row[-1]
        yield f"    {'  '.join([*cells, end])}".rstrip()


def _group(group: Group, paint: Paint, *, several: bool) -> Iterator[str]:
    """What changes, then on which objects; the environments only where there are several."""
    sign, colour = SIGNS[group.action]
    extent = group.say_extent()
    names = [visible(member.object.name) for member in group.members]
    listed = names if len(names) <= NAMES else [*names[: NAMES - 1], f"{len(names) - NAMES + 1} more"]
    listed = list(dict.fromkeys(listed))
    where = f" in {', '.join(map(visible, group.environments))}" if several else ""
    restarts = paint(" restarts pods", BOLD) if group.restarts else ""
    head = f"{paint(sign, colour)} {group.kind} {', '.join(listed)}{visible(where)}"
    yield head + (f" ({extent})" if extent else "") + restarts
    for change in group.changes:
        before, after = from_difference(change.before, change.after, VALUE)
        yield f"    {visible(change.path)}: {_value(before)} → {_value(after)}"


def _value(value: str | None) -> str:
    if value is None:
        return "(unset)"
    return shorten(visible(value), VALUE) if value else '""'
