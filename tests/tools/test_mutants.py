"""The mutants of a text: which there are, what names them, and whose lines they are after a change."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.mutants.__main__ import EQUIVALENT
from tools.mutants.changes import Mutant, find_mutants
from tools.mutants.reach import CODE, find_origins
from tools.mutants.record import read_equivalent

SOURCE = '''"""A module."""
from typing import Any, cast

Route = tuple[str | int, ...]
LIMIT = 10


def look(value: Any, most: int = LIMIT) -> bool:
    """Whether it is small."""
    if isinstance(value, str | bytes):
        raise ValueError(f"{value} is text")
    assert value >= 0
    return cast("int | None", value) < most and value != 3
'''


def _changes(source: str) -> dict[str, Mutant]:
    found = find_mutants("room/file.py", source.encode())
    lines = source.splitlines()
    return {
        f"{lines[mutant.line - 1].strip()} -> {mutant.apply(source.encode()).decode().splitlines()[mutant.line - 1].strip()}": mutant
        for mutant in found
    }


def test_what_behaves_is_changed_and_types_texts_and_asserts_are_not() -> None:
    end = 'return cast("int | None", value) < most and value != 3'
    assert list(_changes(SOURCE)) == [
        "LIMIT = 10 -> LIMIT = 11",
        "if isinstance(value, str | bytes): -> if (not isinstance(value, str | bytes)):",
        'raise ValueError(f"{value} is text") -> pass',
        f"{end} -> return (cast('int | None', value) <= most) and value != 3",
        f"{end} -> return (cast('int | None', value) < most or value != 3)",
        f"{end} -> return (cast('int | None', value) < most)",
        f"{end} -> return (value != 3)",
        f"{end} -> return None",
        f'{end} -> return cast("int | None", value) < most and (value == 3)',
        f'{end} -> return cast("int | None", value) < most and value != 4',
    ]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("LIMIT = 10", "OTHER = 1\nLIMIT = 10", True),
        ("    assert value >= 0\n", "", False),
    ],
    ids=["code beside it", "the function itself"],
)
def test_a_mutant_keeps_its_name_while_its_function_reads_the_same(before: str, after: str, kept: bool) -> None:
    change = 'return cast("int | None", value) < most and value != 3 -> return (value != 3)'
    now = _changes(SOURCE.replace(before, after))
    assert (now[change].id == _changes(SOURCE)[change].id) is kept


def test_lines_are_followed_through_a_change() -> None:
    before, now = ["a", "b", "c", "d"], ["new", "a", "B", "B2", "d", "last"]
    followed = [{0}, {1}, {2, 3}, {2, 3}, {4}, {4}]
    assert find_origins(before, now) == [frozenset(lines) for lines in followed]


def test_what_is_said_to_change_nothing_is_said_with_a_reason() -> None:
    root = Path(__file__).resolve().parents[2]
    judged = read_equivalent(root / EQUIVALENT)
    assert judged
    for id, said in judged.items():
        path, _, reason = said.partition(": ")
        assert (len(id), (root / CODE / path).exists(), len(reason) > 20) == (12, True, True), said
