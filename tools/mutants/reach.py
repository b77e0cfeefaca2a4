"""Which tests run which lines of the code: measured by coverage, in one fork for each file of tests, and kept."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, partial
from pathlib import Path
from typing import Any

import coverage
import pytest
from tools.mutants.session import Items, in_fork, run_items, with_collected

CODE = "generator/llmstack"
LEFT_OUT = ("test_hostile_size.py", "test_hostile_files.py", "test_speed.py", "test_running.py")
"""Tests that time what they do, which takes other times under coverage, and that count processes."""
PATIENCE = 900
"""Seconds of processor time for all tests of a file."""
SOURCES = "sources"
"""The folder of the modules as they were when it was measured, by their digest."""


@dataclass(frozen=True)
class Test:
    """A test as it ran once: how long, and which lines of which files it came by."""

    id: str
    seconds: float
    lines: dict[str, frozenset[int]]

    @property
    def file(self) -> str:
        return self.id.partition("::")[0]

    @property
    def size(self) -> int:
        """How many lines it came by."""
        return sum(map(len, self.lines.values()))


def find_files(folders: Iterable[str]) -> list[str]:
    """The files of tests that folders (or files) name."""
    found = [[name] if name.endswith(".py") else map(str, Path(name).glob("test_*.py")) for name in folders]
    return sorted({name for names in found for name in names if Path(name).name not in LEFT_OUT})


def name_records(files: list[str], kept: Path) -> dict[str, Path]:
    """Where what the tests of each file reach is kept: another place once the file has changed.

    When the code has changed since, `read_tests` follows its lines; `make clean` has everything measured anew.
    """
    return {file: kept / f"{_digest(file.encode() + Path(file).read_bytes())}.json" for file in files}


def read_tests(records: Iterable[Path]) -> Iterator[Test]:
    """The tests of which it was measured what they reach, with the lines of the code as it is."""
    for file in records:
        record = json.loads(file.read_text(encoding="utf-8"))
        for test in record["tests"]:
            lines = {
                path: _follow(path, file.parent / SOURCES / record["sources"][path], frozenset(numbers))
                for path, numbers in test["lines"].items()
                if Path(path).exists()
            }
            yield Test(test["id"], test["seconds"], lines)


def _follow(path: str, before: Path, reached: frozenset[int]) -> frozenset[int]:
    """Lines that were reached in a module as it was, as lines of what it is now."""
    origins = _find_origins(Path(path), before)
    return frozenset(number for number, lines in enumerate(origins, 1) if not lines.isdisjoint(reached))


@cache
def _find_origins(now: Path, before: Path) -> list[frozenset[int]]:
    return find_origins(*(file.read_text(encoding="utf-8").splitlines() for file in (before, now)))


def find_origins(before: Sequence[str], now: Sequence[str]) -> list[frozenset[int]]:
    """For each line of a text, the lines that it was before: those that it replaces, or the one above, if it is new."""
    found: list[frozenset[int]] = []
    for tag, start, end, first, last in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [frozenset({number}) for number in range(start + 1, end + 1)]
        else:
            found += [frozenset(range(start + 1, end + 1) or (start,))] * (last - first)
    return found


def measure(rooms: Sequence[str], records: dict[str, Path]) -> None:
    """Run the tests of each file under coverage, and write what they reached of some rooms of the code."""
    include = [f"{CODE}/{room}/*" for room in rooms]

    def measure_each(session: pytest.Session, items: Items) -> None:
        for file, record in records.items():
            own = [item for item in items.values() if item.nodeid.partition("::")[0] == file]
            if in_fork(partial(_measure, session, own, include, record), PATIENCE) != "":
                _write(record, [])
            passed = len(json.loads(record.read_text(encoding="utf-8"))["tests"])
            print(f"measured {file}: {passed} of {len(own)} tests pass", flush=True)

    with_collected(records, measure_each)


def _measure(session: pytest.Session, items: Sequence[pytest.Item], include: list[str], record: Path) -> str:
    """Run tests and write what each reached; those that fail are left out."""
    watched = coverage.Coverage(data_file=None, include=include)
    watched.start()
    seconds: dict[str, float] = {}
    for item in items:
        watched.switch_context(item.nodeid)
        began = sum(os.times()[:4])
        if not run_items(session, [item]):
            seconds[item.nodeid] = round(sum(os.times()[:4]) - began, 3)
        session.testsfailed = 0
    watched.stop()
    lines = _lines(watched)
    _write(record, [{"id": id, "seconds": taken, "lines": lines.get(id, {})} for id, taken in seconds.items()])
    return ""


def _write(record: Path, tests: list[dict[str, Any]]) -> None:
    """Write what tests reached, and keep the modules that they reached as they are."""
    sources = record.parent / SOURCES
    sources.mkdir(exist_ok=True)
    digests: dict[str, str] = {}
    for path in sorted({path for test in tests for path in test["lines"]}):
        source = Path(path).read_bytes()
        digests[path] = _digest(source)
        (sources / digests[path]).write_bytes(source)
    record.write_text(json.dumps({"sources": digests, "tests": tests}), encoding="utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _lines(watched: coverage.Coverage) -> dict[str, dict[str, list[int]]]:
    """The lines of each file that each context came by."""
    data = watched.get_data()
    root = f"{Path.cwd().resolve()}/"
    found: dict[str, dict[str, list[int]]] = {}
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in set(contexts):
                found.setdefault(context, {}).setdefault(path.removeprefix(root), []).append(line)
    return found


def read_imported(rooms: Sequence[str]) -> dict[str, frozenset[int]]:
    """The lines of these rooms that run when the code is loaded: in a process that has not loaded it."""
    watched = coverage.Coverage(data_file=None, include=[f"{CODE}/{room}/*" for room in rooms])
    watched.start()
    for path in sorted(Path(CODE).rglob("*.py")):
        name = ".".join(path.relative_to("generator").with_suffix("").parts)
        if not name.endswith("__main__"):
            __import__(name.removesuffix(".__init__"))
    watched.stop()
    return {path: frozenset(lines) for path, lines in _lines(watched).get("", {}).items()}


if __name__ == "__main__":
    kept, *rooms = sys.argv[1:]
    Path(kept).write_text(
        json.dumps({path: sorted(lines) for path, lines in read_imported(rooms).items()}), encoding="utf-8"
    )
