"""What a change does to the rules that it is judged by: what it acknowledges, declares, turns off or ignores itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.finding import RANK, Severity
from llmstack.review.facts import Acknowledgement, Pool
from llmstack.review.result import RuleChange
from llmstack.review.wording import plural

OFF = "off"


class Ignored(Struct, frozen=True):
    """A comment that ignores a check: on which line, given as its text, and where that is."""

    check: str
    line: str
    place: str


class Rules(Struct, frozen=True):
    """The rules of one environment at one revision. Places are `values/prod.yaml:12`."""

    acknowledgements: tuple[tuple[Acknowledgement, str], ...] = ()
    pools: tuple[tuple[Pool, str], ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    """Severity by check, defaults included; `off` for one that is."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where the values state the severity of a check, by check."""
    ignored: tuple[Ignored, ...] = ()
    allowed: frozenset[str] = frozenset()
    """Kinds that pass validation without a schema."""
    pod_security: str = "baseline"


def rule_changes(environment: str, before: Rules, after: Rules) -> Iterator[RuleChange]:
    """Yield what differs in the rules after a change, so far as it makes one weaker, or another."""
    yield from (replace(each, environment=environment) for each in _acknowledged(before, after))
    yield from (replace(each, environment=environment) for each in _declared(before, after))
    for text, place in _softened(before, after):
        yield RuleChange("check", environment, text, place)
    left = Counter((each.check, each.line) for each in before.ignored)
    for each in after.ignored:
        if left[each.check, each.line] > 0:
            left[each.check, each.line] -= 1
        else:
            yield RuleChange("ignore", environment, f"ignores {each.check} in place", each.place)


def _acknowledged(before: Rules, after: Rules) -> Iterator[RuleChange]:
    known = {entry for entry, _ in before.acknowledgements}
    named = {(entry.risk, entry.object) for entry in known}
    for entry, place in after.acknowledgements:
        if entry not in known:
            verb = "changes the acknowledgement of" if (entry.risk, entry.object) in named else "acknowledges"
            bounds = [f"until {entry.until}" if entry.until else "", f"up to {entry.up_to}" if entry.up_to else ""]
            text = " ".join(filter(None, [f"{verb} {entry.risk} at {entry.object}", *bounds]))
            yield RuleChange("acknowledgement", "", text, place)


def _declared(before: Rules, after: Rules) -> Iterator[RuleChange]:
    old = {(pool.name, pool.resource): pool for pool, _ in before.pools}
    for pool, place in after.pools:
        known = old.pop((pool.name, pool.resource), None)
        if known is None:
            yield RuleChange("capacity", "", f"declares the pool {pool.name}: {_size(pool)}", place)
        elif known != pool:
            text = f"changes the pool {pool.name} from {_size(known)} to {_size(pool)}"
            yield RuleChange("capacity", "", text, place)
    for pool in old.values():
        yield RuleChange("capacity", "", f"declares the pool {pool.name} no more: {_size(pool)}")


def _size(pool: Pool) -> str:
    """`16 nvidia.com/gpu at 8 per node where a=b`."""
    nodes = " and ".join(f"{key}={value}" for key, value in sorted(pool.node_selector.items()))
    parts = [f"{pool.count} {pool.resource}", f"at {pool.per_node} per node" if pool.per_node else ""]
    return " ".join(filter(None, [*parts, f"where {nodes}" if nodes else ""]))


def _softened(before: Rules, after: Rules) -> Iterator[tuple[str, str | None]]:
    """Yield the checks that find less than before, each with the place that says so."""
    for check, level in sorted(after.levels.items()):
        known = before.levels.get(check, level)
        if _weight(level) > _weight(known):
            verb = f"turns the check {check} off" if level == OFF else f"makes a {level} of the check {check}"
            article = "an" if known == Severity.ERROR else "a"
            yield f"{verb}: it was {article} {known}", after.places.get(check)
    if after.pod_security != before.pod_security and after.pod_security == "baseline":
        yield f"holds pods to the standard baseline: it was {before.pod_security}", None
    new = sorted(after.allowed - before.allowed)
    if new:
        yield f"lets {plural(len(new), 'kind')} pass without a schema: {', '.join(new[:8])}", None


def _weight(level: str) -> int:
    return len(RANK) if level == OFF else RANK[Severity(level)]
