"""docs/tutorial.md is real: its session is played in an empty folder, and every output is what the commands print.

`pytest --update` rewrites the outputs. What needs a cluster is in blocks of `sh`, and tests/cluster/ does the like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.cli.sandbox import Sandbox, make_sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def test_the_session_prints_what_the_tutorial_shows(tmp_path: Path, expect: Callable[[Path, str], None]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    outside = make_sandbox(tmp_path)
    inside = replace(outside, root=outside.root / "my-models")
    assert len(_BLOCK.findall(text)) > 6

    def play(block: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", block.group(), re.MULTILINE)
        return "".join(_shown(inside if inside.root.exists() else outside, command) for command in commands)

    expect(PAGE, _BLOCK.sub(play, text))


def _shown(sandbox: Sandbox, command: str) -> str:
    """A command and what it prints, with commits by an id that does not change, as an abbreviated one looks."""
    output, code = sandbox.run(command)
    output = re.sub(r"^index .*\n", "", output, flags=re.MULTILINE)
    output = re.sub(r"<commit \d+>", "5e1f2a9", output)
    return f"$ {command}\n{output}" + (f"[exit {code}]\n" if code else "")
