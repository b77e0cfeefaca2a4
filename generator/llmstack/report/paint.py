"""Colours of a terminal, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.finding import Severity

Paint = Callable[[str, str], str]

BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = "1", "2", "1;31", "32", "1;33", "1;34", "1;36"
CODES = (BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN)
"""Every colour that a report is written in."""
BY_SEVERITY = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.NOTE: CYAN}


def paint_with(*, colour: bool) -> Paint:
    """Return the function that puts text into a colour; without `colour` it leaves text as it is."""
    return _paint if colour else _leave


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else text


def _leave(text: str, code: str) -> str:
    return text
