"""Spans of time are read as Go reads them."""

from __future__ import annotations

import pytest

from llmstack.kubernetes.durations import read_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("0s", 0),
        ("10", None),
        ("5 m", None),
        ("9" * 400 + "h", None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_a_duration_in_seconds(value: object, seconds: float | None) -> None:
    assert read_duration(value) == seconds
