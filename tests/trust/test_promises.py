"""SECURITY.md names a test for each promise, and each test of this folder holds one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_has_a_test_and_every_test_a_promise() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| `(tests/[\w/]+\.py)` \|$", text, re.MULTILINE)
    assert len(rows) > 7
    named = {Path(path).name for _, path in rows if path.startswith("tests/trust/")}
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert named == here


def test_the_bounds_that_are_promised_are_those_of_the_code() -> None:
    from llmstack import yamlio
    from llmstack.errors import MAX_BYTES
    from llmstack.programs import BUILD_MEMORY, BUILD_PROCESSOR, BUILD_TIMEOUT, EACH_FILE, MEMORY_EACH_FILE
    from llmstack.values.reader import MAX_ENTRIES
    from tests.trust.hostile import COPIED, MEMORY, SECONDS

    text = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    assert MAX_BYTES == 16 * 1024 * 1024
    assert "at most 16 MiB" in text
    assert f"at most {yamlio.MAX_DEPTH} levels, and aliases that stand for {yamlio.MAX_ALIASED:,} values" in text
    assert BUILD_TIMEOUT == 120
    assert f"two minutes, of processor time {BUILD_PROCESSOR} s with {EACH_FILE * 1000:.0f} ms more for each" in text
    assert f"of memory (on Linux) {BUILD_MEMORY} MiB with {MEMORY_EACH_FILE} MiB more for each" in text
    assert f"at most {SECONDS} s of processor time, builds included, and {MEMORY} MiB for 1 MiB, on a machine" in text
    assert f"A map or a list of values has at most {MAX_ENTRIES:,} entries" in text
    assert f"`copy.deepcopy` of {COPIED:,} small maps takes a second" in text
