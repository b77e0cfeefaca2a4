"""The rules that a review goes by, as values and facts/ state them, and what a comparison alters in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from llmstack.checks import CHECKS
from llmstack.checks.settle import ignored_in
from llmstack.finding import Route
from llmstack.repository.comparison import Comparison
from llmstack.repository.environments import list_environments
from llmstack.repository.facts import acknowledgements_of, pools_of
from llmstack.repository.former import read_former
from llmstack.repository.read import Reading, read_side
from llmstack.review.result import RuleChange
from llmstack.review.rules import Ignored, Rules, rule_changes
from llmstack.values.layers import Layers
from llmstack.values.nodes import Source

Pair = tuple[Reading | None, Reading | None]
_LEVELS = {id: str(rule.RULE.severity) for id, rule in CHECKS.items()}
"""The severities of checks that nobody states."""


def altered_rules(comparison: Comparison, known: Mapping[str, Pair]) -> tuple[RuleChange, ...]:
    """What the comparison alters, by environment; `known` are readings of both sides, by environment.

    Rules of values/base.yaml hold for every environment: they are told once. Values that have errors state none.
    """
    stems = {path.split("/")[1].rpartition(".")[0] for path in comparison.changed if path.startswith("values/")}
    found: list[RuleChange] = []
    for name in _stated_in(comparison, stems):
        pair = known.get(name) or (read_former(comparison.before, name)[0], read_side(comparison.after, name))
        before, after = (_read_rules(reading) for reading in pair)
        if after is not None:
            told = map(_of_all, rule_changes(name, before or Rules(levels=_LEVELS), after))
            alters_base = before is not None or "base" in stems  # an environment that is new brings none of its rules
            found += (each for each in told if each.environment or alters_base)
    names = _stated_in(comparison, stems) if "base" in stems else ()
    return (*dict.fromkeys(_of_everyone(found, len(names))), *_learned(comparison))


def _of_everyone(found: Sequence[RuleChange], environments: int) -> Iterator[RuleChange]:
    """The changes, as one what all environments do alike and no line states: a pool that is declared no more."""
    alike = Counter(replace(each, environment="") for each in found if not each.place)
    for each in found:
        common = replace(each, environment="")
        yield common if alike[common] == environments > 1 else each


def _stated_in(comparison: Comparison, stems: Collection[str]) -> list[str]:
    """The environments whose values differ, in files of such stems; all of them where values/base.yaml does."""
    if "base" in stems:
        stems = {each.name for side in (comparison.before, comparison.after) for each in list_environments(side)}
    return sorted(stems)


def _of_all(change: RuleChange) -> RuleChange:
    is_base = change.place is not None and change.place.startswith(("values/base.yaml:", "values/base.yml:"))
    return RuleChange(change.kind, "", change.text, change.place) if is_base else change


def _learned(comparison: Comparison) -> Iterator[RuleChange]:
    """Yield the files of facts/ that differ: figures rest on them."""
    for path in sorted(comparison.changed):
        if path.startswith("facts/"):
            was, now = (side.read(path) is not None for side in (comparison.before, comparison.proposed))
            yield RuleChange("facts", "", f"{'changes' if was and now else 'adds' if now else 'removes'} {path}")


def _read_rules(reading: Reading | None) -> Rules | None:
    """The rules of an environment; None where it is not there, or its values have errors."""
    if reading is None or reading.stack is None:
        return None
    gitops, layers = reading.stack.gitops, reading.layers
    stated = dict(gitops.checks or {})
    return Rules(
        acknowledgements=tuple(
            (entry, _place(layers, ("gitops", "acknowledge", number)))
            for number, entry in enumerate(acknowledgements_of(reading.stack.gitops.acknowledge or ()))
        ),
        pools=tuple(
            (pool, _place(layers, ("gitops", "capacity", number)))
            for number, pool in enumerate(pools_of(reading.stack.gitops.capacity or ()))
        ),
        levels={**_LEVELS, **stated},
        places={id: _place(layers, ("gitops", "checks", id)) for id in stated},
        ignored=tuple(each for layer in layers.layers for each in _ignored(layer.source)),
        allowed=frozenset(gitops.allow_unknown_kinds or ()),
        pod_security=gitops.pod_security or "baseline",
    )


def _place(layers: Layers, route: Route) -> str:
    place = layers.place(route)
    return f"{place.path}:{place.line}" if place is not None else ""


def _ignored(source: Source) -> Iterator[Ignored]:
    """Yield the comments of a file that ignore a check for a reason, with the line that they are for."""
    if "llmstack:" not in source.text:
        return
    for number, line in enumerate(source.lines):
        for check, reason in ignored_in(line):
            below = source.lines[number + 1] if number + 1 < len(source.lines) else ""
            subject = below if line.lstrip().startswith("#") else line.partition("#")[0]
            if reason:
                yield Ignored(check, subject.strip(), f"{source.path}:{number + 1}")
