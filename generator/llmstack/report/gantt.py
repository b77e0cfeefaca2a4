"""The longest rollouts as a Mermaid gantt, which GitHub and GitLab draw in a comment.

Syntax: https://mermaid.js.org/syntax/gantt.html. A name is free text up to a colon; `#`, `;` and `%` mean something,
and a line that begins with `title` is a statement: of names plain characters are left alone, behind a sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from llmstack.kubernetes.pods import Identity
from llmstack.report.markdown import fenced
from llmstack.report.page_data import timeline_end
from llmstack.report.rollout_groups import group_rollouts, say_names
from llmstack.report.visible import shorten
from llmstack.report.words import NEVER
from llmstack.review.result import EnvironmentReview, Review

BARS = 12
"""Rollouts that are drawn: the longest."""
NAME = 60
_OTHERS = re.compile(r"[^A-Za-z0-9 ._/()×,-]+")


class _Bar(Struct, frozen=True):
    environment: str
    name: str
    time: str
    start: int
    end: int
    never: bool


def draw_gantt(review: Review) -> str:
    """Return a fenced block of the longest rollouts, those that never end first; the empty text where none takes
    time."""
    bars = sorted(_bars(review), key=lambda bar: (not bar.never, -bar.end, bar.environment, bar.name))[:BARS]
    if not bars:
        return ""
    last = max(bar.end for bar in bars)
    axis = "%H:%M" if last < 86_400 else "day %-d, %H:%M"
    lines = ["gantt", "    dateFormat YYYY-MM-DD HH:mm:ss", f"    axisFormat {axis}", "    todayMarker off"]
    for environment in dict.fromkeys(bar.environment for bar in bars):
        lines.append(f"    section {plain(environment)}")
        for bar in (bar for bar in bars if bar.environment == environment):
            flag = "crit, " if bar.never else ""
            lines.append(
                f"    {plain(bar.name)}, {bar.time} :{flag}{_moment(bar.start)}, {max(1, bar.end - bar.start)}s"
            )
    return fenced(lines, "mermaid") + "\n"


def plain(name: str) -> str:
    """A name that Mermaid reads as nothing but a name."""
    return f"› {shorten(_OTHERS.sub('?', name).strip(), NAME)}"


def _bars(review: Review) -> Iterator[_Bar]:
    for name, environment in sorted(review.environments.items()):
        starts = _starts(environment)
        end = round(timeline_end(environment.timeline))
        for group in group_rollouts(environment):
            never = NEVER in group.time
            ends = [high for each in group.rollouts if (high := each.seconds or each.seconds_max) is not None]
            last = max([end, *ends]) if never or not ends else max(ends)
            if last > 0:
                first = min(starts.get(each.identity, 0) for each in group.rollouts)
                yield _Bar(name, say_names(group.names, 1), group.time, min(first, last), last, never)


def _starts(environment: EnvironmentReview) -> dict[Identity, int]:
    """By workload: when the first of its pods is touched."""
    starts: dict[Identity, int] = {}
    for phase in environment.timeline:
        if phase.revision == "new" or phase.phase == "terminating":
            starts[phase.workload] = min(starts.get(phase.workload, round(phase.start)), round(phase.start))
    return starts


def _moment(seconds: int) -> str:
    """A second after the merge as a date of the reader's time zone: the axis shows hours and minutes everywhere."""
    day, rest = divmod(seconds, 86_400)
    return f"2000-01-{min(day, 30) + 1:02d} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
