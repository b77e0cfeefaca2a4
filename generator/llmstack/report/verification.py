"""What was foreseen beside what happened: as text, as a comment for the merged pull request, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.report.inert import inert_json
from llmstack.report.markdown import code, prose
from llmstack.report.visible import visible
from llmstack.report.words import short_revision
from llmstack.review.wording import plural, say_exactly
from llmstack.verify.verdict import Figure, Name, Span, Verdict, Verification, count

SIGNS: Mapping[Verdict, str] = {"as-foreseen": "✅", "off": "❌", "not-foreseen": "⚠️", "not-observed": "·"}
SAID: Mapping[Verdict, str] = {
    "as-foreseen": "as foreseen",
    "off": "off",
    "not-foreseen": "not foreseen",
    "not-observed": "not observed",
}
NAMES: Mapping[Name, str] = {
    "pods": "pods",
    "ready": "fewest ready",
    "seconds": "time",
    "peak": "GPUs at the peak",
    "kv": "KV cache",
}
MOST_ROWS = 200
"""Figures that a comment tells of: those that are off come first."""
ORDER: tuple[Verdict, ...] = ("off", "not-foreseen", "not-observed", "as-foreseen")


def say_tally(verification: Verification) -> str:
    """`7 figures as foreseen, 1 off, 2 not observed`; what there is none of is left out."""
    counts = {verdict: number for verdict, number in count(verification.figures).items() if number}
    if not counts:
        return "Nothing was foreseen that files could show."
    first, *rest = [f"{number} {SAID[verdict]}" for verdict, number in counts.items()]
    number, _, words = first.partition(" ")
    return ", ".join([f"{plural(int(number), 'figure')} {words}", *rest])


def verification_text(verification: Verification) -> str:
    """A line for each figure, by environment, with what was missing below those that are off."""
    lines = [f"{short_revision(verification.from_revision)} → {short_revision(verification.to_revision)}"]
    lines.append(say_tally(verification))
    for environment in dict.fromkeys(figure.environment for figure in verification.figures):
        lines += ["", environment]
        for figure in verification.figures:
            if figure.environment == environment:
                lines += [f"  {line}" for line in _say(figure)]
    if verification.applied:
        lines += ["", "Applied"]
        lines += [f"  {each.owner}: {short_revision(each.commit)} at {each.moment}" for each in verification.applied]
    return "".join(f"{visible(line)}\n" for line in lines)


def _say(figure: Figure) -> Iterator[str]:
    seen = f"seen: {_say_seen(figure)}, " if figure.seen is not None else ""
    foreseen = f"foreseen: {_say_foreseen(figure)}"
    yield f"{figure.model or figure.object}: {NAMES[figure.name]}: {seen}{foreseen}: {SAID[figure.verdict]}"
    if figure.verdict == "off" and not figure.missing:
        yield "  no fact that is known explains it"
    yield from (
        f"  {'to see it' if figure.verdict == 'not-observed' else 'missing'}: {each}" for each in figure.missing
    )


def _say_seen(figure: Figure) -> str:
    return figure.seen if isinstance(figure.seen, str) else _say_number(figure.name, figure.seen)


def _say_foreseen(figure: Figure) -> str:
    if isinstance(figure.foreseen, str):
        return figure.foreseen
    low, high = figure.foreseen.low, figure.foreseen.high
    if low is None and high is None:
        return "unknown"
    if low is None or high is None:
        return f"{'at least' if high is None else 'at most'} {_say_number(figure.name, high if low is None else low)}"
    ends = [_say_number(figure.name, end) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _say_number(name: Name, number: float | None) -> str:
    if number is None:
        return "unknown"
    if name == "seconds":
        return say_exactly(number)
    return f"{number:.2f} GiB" if name == "kv" else f"{number:g}"


def verification_markdown(verification: Verification) -> str:
    """A comment: the tally, a table with what is off first, and the facts that were missing."""
    figures = sorted(verification.figures, key=lambda figure: ORDER.index(figure.verdict))
    revisions = " → ".join(
        code(short_revision(each), 40) for each in (verification.from_revision, verification.to_revision)
    )
    sign = "❌" if verification.differs else "✅"
    lines = [f"{sign} **{say_tally(verification)}** · {revisions}", ""]
    if figures:
        lines += ["| | environment | object | figure | foreseen | seen |", "|---|---|---|---|---|---|"]
    lines += [_row(figure) for figure in figures[:MOST_ROWS]]
    more = len(figures) - MOST_ROWS
    lines += ["", f"and {plural(more, 'other figure')}"] if more > 0 else []
    told = [figure for figure in figures if figure.verdict in ("off", "not-foreseen")]
    missing = dict.fromkeys(each for figure in told for each in figure.missing)
    if missing:
        lines += ["", "#### Facts that were missing", "", *(f"- {prose(each, 300)}" for each in missing)]
    lines += [""]
    lines += [
        f"- {code(each.owner, 120)} applied {code(short_revision(each.commit), 40)} at {each.moment}"
        for each in verification.applied[:MOST_ROWS]
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(figure: Figure) -> str:
    seen = "not observed" if figure.seen is None else _say_seen(figure)
    name = code(figure.model or figure.object, 100)
    cells = [SIGNS[figure.verdict], code(figure.environment, 60), name, NAMES[figure.name]]
    return f"| {' | '.join([*cells, prose(_say_foreseen(figure)), prose(seen)])} |"


def verification_json(verification: Verification) -> str:
    """`{"from", "to", "figures": [...], "applied": [...]}`: seconds, counts, and GiB per GPU as numbers."""
    content = {
        "from": verification.from_revision,
        "to": verification.to_revision,
        "tally": dict(count(verification.figures)),
        "figures": [_data(figure) for figure in verification.figures],
        "applied": [{"object": each.owner, "commit": each.commit, "at": each.moment} for each in verification.applied],
    }
    return inert_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _data(figure: Figure) -> dict[str, Any]:
    foreseen = figure.foreseen
    return {
        "env": figure.environment,
        "object": figure.object,
        "model": figure.model,
        "figure": figure.name,
        "foreseen": {"low": foreseen.low, "high": foreseen.high} if isinstance(foreseen, Span) else foreseen,
        "observed": figure.seen,
        "verdict": figure.verdict,
        "missing": list(figure.missing),
    }
