"""Which tests run which lines of the code: measured by coverage, in one fork for each file of tests, and kept."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import coverage
import pytest
from tools.mutants.session import Items, in_fork, run_items, with_collected

CODE = "generator/llmstack"
TIMED = ("test_hostile_size.py", "test_hostile_files.py", "test_speed.py")
"""Tests that time what they do, which takes other times under coverage."""
PATIENCE = 900
"""Seconds of processor time for all tests of a file."""


@dataclass(frozen=True)
class Test:
    """A test as it ran once: how long, and which lines of which files it came by."""

    id: str
    seconds: float
    lines: dict[str, frozenset[int]]

    @property
    def file(self) -> str:
        return self.id.partition("::")[0]


def find_files(folders: Iterable[str]) -> list[str]:
    """The files of tests that folders (or files) name."""
    found = [[name] if name.endswith(".py") else map(str, Path(name).glob("test_*.py")) for name in folders]
    return sorted({name for names in found for name in names if Path(name).name not in TIMED})


def name_records(files: list[str], kept: Path) -> dict[str, Path]:
    """Where what the tests of each file reach is kept: another place once the file or the code has changed."""
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(CODE).rglob("*.py")))).hexdigest()
    return {file: kept / f"{_digest(file, code)}.json" for file in files}


def _digest(file: str, code: str) -> str:
    return hashlib.sha256(f"{file} {code} ".encode() + Path(file).read_bytes()).hexdigest()[:24]


def read_tests(records: Iterable[Path]) -> Iterator[Test]:
    """The tests of which it was measured what they reach."""
    for record in records:
        for test in json.loads(record.read_text(encoding="utf-8")):
            lines = {path: frozenset(numbers) for path, numbers in test["lines"].items()}
            yield Test(test["id"], test["seconds"], lines)


def measure(rooms: Sequence[str], records: dict[str, Path]) -> None:
    """Run the tests of each file under coverage, and write what they reached of some rooms of the code."""
    include = [f"{CODE}/{room}/*" for room in rooms]

    def measure_each(session: pytest.Session, items: Items) -> None:
        for file, record in records.items():
            began = time.monotonic()
            own = [item for item in items.values() if item.nodeid.partition("::")[0] == file]
            code = in_fork(partial(_measure, session, own, include, record), PATIENCE)
            print(f"measured {file} in {time.monotonic() - began:.0f} s{'' if code == 0 else ', in vain'}", flush=True)
            if code != 0:
                record.write_text("[]", encoding="utf-8")

    with_collected(records, measure_each)


def _measure(session: pytest.Session, items: Sequence[pytest.Item], include: list[str], record: Path) -> bool:
    """Run tests and write what each reached; those that fail or skip are left out."""
    watched = coverage.Coverage(data_file=None, include=include)
    watched.start()
    tests: list[dict[str, object]] = []
    for item in items:
        watched.switch_context(item.nodeid)
        began, failed = time.process_time(), session.testsfailed
        run_items(session, [item])
        tests.append({"id": item.nodeid, "seconds": time.process_time() - began, "lines": {}})
        if session.testsfailed > failed:
            tests.pop()
            session.testsfailed = 0
    watched.stop()
    lines = _lines(watched)
    for test in tests:
        test["lines"] = lines.get(str(test["id"]), {})
    record.write_text(json.dumps(tests), encoding="utf-8")
    return True


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
