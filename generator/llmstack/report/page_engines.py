"""The engines of a page: what becomes of each, with its memory as two bars."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmstack.report.engines import TERMS, band, group_engines, moved_terms
from llmstack.report.fit import SAID
from llmstack.review.engine_change import EngineChange, EngineState
from llmstack.review.result import Review

WIDTH = 1000.0
PARTS = ("weights", "activation", "nonTorch", "graphs", "kv")
NAMES = {**TERMS, "kv": "KV cache"}
RANKS = ("does-not-start", "too-close", "unknown", "starts")


class Segment(Struct, frozen=True):
    """A term of memory in a bar of WIDTH."""

    term: str
    name: str
    at: float
    width: float
    gib: float


class Bar(Struct, frozen=True):
    """The memory of one GPU on one side of the change."""

    label: str
    segments: tuple[Segment, ...]


class Cell(Struct, frozen=True):
    """A figure before and after; the empty text where it is not known."""

    name: str
    before: str
    after: str


class EngineCard(Struct, frozen=True):
    """Engines of which the same becomes, in one environment."""

    environment: str
    models: tuple[str, ...]
    change: EngineChange
    said: str
    versions: Cell
    cells: tuple[Cell, ...]
    moved: str
    bars: tuple[Bar, ...]

    @property
    def level(self) -> str:
        return {"does-not-start": "error", "too-close": "warning", "starts": "none"}.get(self.change.verdict, "note")


def engine_cards(review: Review) -> list[EngineCard]:
    """Return the engines that change, equal ones of an environment once: what does not start first."""
    cards = [
        _card(name, alike)
        for name, environment in sorted(review.environments.items())
        for alike in group_engines(environment.engines)
    ]
    return sorted(cards, key=lambda card: (RANKS.index(card.change.verdict), -len(card.models)))


def _card(environment: str, alike: list[EngineChange]) -> EngineCard:
    engine = alike[0]
    before, after = engine.before, engine.after
    known = [state for state in (before, after) if state is not None and state.terms is not None]
    most = max((sum(state.terms[part] for part in PARTS) for state in known if state.terms), default=1.0)
    sides = [("before", before), ("after", after)] if len(known) == 2 else [("", after)]
    return EngineCard(
        environment=environment,
        models=tuple(each.model for each in alike),
        change=engine,
        said=SAID[engine.verdict],
        versions=Cell("vLLM", (before.version if before else None) or "", after.version or ""),
        cells=tuple(_cells(before, after)),
        moved="; ".join(moved_terms(before, after)),
        bars=tuple(_bar(label, state, most) for label, state in sides if state is not None and state.terms),
    )


def _cells(before: EngineState | None, after: EngineState) -> Iterator[Cell]:
    """Yield the figures of the KV cache that are known after the change."""
    old = before if before is not None and before.low is not None else None
    if after.low is not None:
        yield Cell("KV cache, GiB per GPU", band(old) if old else "", band(after))
    elif after.high is not None:
        yield Cell("KV cache, GiB per GPU", "", f"at most {after.high:.2f}")
    if after.tokens is not None:
        yield Cell("tokens", f"{old.tokens:,}" if old and old.tokens is not None else "", f"{after.tokens:,}")
    if after.requests is not None:
        requests = f"{old.requests:.1f}" if old and old.requests is not None else ""
        yield Cell("requests of full length", requests, f"{after.requests:.1f}")


def _bar(label: str, state: EngineState, most: float) -> Bar:
    assert state.terms is not None
    at, segments = 0.0, []
    for part in PARTS:
        width = max(0.0, WIDTH * state.terms[part] / most)
        segments.append(Segment(part, NAMES[part], round(at, 1), round(width, 1), state.terms[part]))
        at += width
    return Bar(label, tuple(segments))
