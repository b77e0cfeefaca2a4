"""The command line as people see it: `pytest --update` rewrites what the commands of each transcript print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from llmstack.cli import cli
from llmstack.commands.affected import LISTS
from llmstack.commands.diff import GATES
from llmstack.commands.exits import Exit
from llmstack.report.formats import FORMATS
from llmstack.report.review_formats import REVIEW_FORMATS
from tests.cli.sandbox import make_sandbox
from tests.cli.transcript import parse, play

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
LATE = {Exit.BUG, Exit.INTERRUPTED, Exit.CUT_OFF}
"""Exit codes that a transcript cannot show; test_ending.py does."""


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_is_what_the_commands_print(
    path: Path, tmp_path: Path, expect: Callable[[Path, str], None]
) -> None:
    transcript = parse(path.read_text(encoding="utf-8"))
    assert transcript.commands, f"{path.name} has no command"
    expect(path, play(transcript, make_sandbox(tmp_path)))


def _spoken() -> list[str]:
    """Every command line of the transcripts."""
    return [command for path in TRANSCRIPTS for command in parse(path.read_text(encoding="utf-8")).commands]


def _what_there_is() -> Iterator[str]:
    """What a transcript has to show, as patterns: each command, each of its options, each word of an option."""
    group: Any = typer.main.get_command(cli)
    for parameter in group.params:
        yield rf"llmstack {parameter.opts[0]}\b"
    formats = {"affected": list(LISTS), "diff": list(REVIEW_FORMATS), "lint": list(FORMATS)}
    for name, command in group.commands.items():
        yield rf"llmstack {name}\b"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                yield rf"llmstack {name} .*{parameter.opts[0]}\b"
        yield from (rf"llmstack {name} .*--format {word}\b" for word in formats.get(name, ()))
    yield from (rf"--fail-on {word}\b" for word in GATES)


@pytest.mark.parametrize("pattern", list(_what_there_is()))
def test_every_command_option_and_format_is_shown(pattern: str) -> None:
    assert any(re.search(pattern, command) for command in _spoken())


def test_every_exit_code_is_shown() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in TRANSCRIPTS)
    shown = {int(code) for code in re.findall(r"^\[exit (\d+)\]$", text, re.MULTILINE)}
    assert shown >= set(Exit) - LATE - {Exit.CLEAN}
    assert not shown & LATE
