"""Every command, argument and option is documented: in `--help`, in docs/commands.md, and the page is current."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tools.pages.commands import commands_page

from llmstack.cli import cli
from llmstack.commands.examples import EXAMPLES
from llmstack.commands.exits import MEANINGS, Exit
from llmstack.commands.grouped import GROUPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
GROUP: Any = typer.main.get_command(cli)
COMMANDS: dict[str, Any] = GROUP.commands


def test_the_page_is_current(expect: Callable[[Path, str], None]) -> None:
    expect(PAGE, commands_page())


def _parameters() -> Iterator[Any]:
    for name, command in {"": GROUP, **COMMANDS}.items():
        for parameter in command.params:
            yield pytest.param(name, parameter, id=f"{name} {parameter.opts[0]}".strip())


@pytest.mark.parametrize(("command", "parameter"), list(_parameters()))
def test_an_argument_or_option_has_help_and_is_on_the_page(command: str, parameter: Any) -> None:
    assert parameter.help, f"{command} {parameter.opts} has no help"
    assert parameter.help.endswith(".")
    section = _section(f"llmstack {command}".strip())
    typed = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]
    assert any(f"| `{name}" in section for name in typed), f"{typed} is not on the page"
    assert _escaped(parameter.help) in section


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_a_line_what_it_does(name: str) -> None:
    first = COMMANDS[name].get_short_help_str(limit=200)
    assert first.endswith(".")
    assert len(first) <= 63, "longer, and `llmstack --help` cuts it off"
    assert _escaped(first) in _section(f"llmstack {name}")
    for inner, each in getattr(COMMANDS[name], "commands", {}).items():
        assert len(each.get_short_help_str(limit=200)) <= 63, inner


def test_the_page_has_a_section_for_each_command_and_no_other() -> None:
    headings = [line[3:] for line in PAGE.read_text(encoding="utf-8").split("\n") if line.startswith("## ")]
    assert headings == ["llmstack", *(f"llmstack {name}" for name in COMMANDS), "Exit codes"]


def test_every_command_stands_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(COMMANDS)


def test_every_command_has_examples_that_can_be_typed() -> None:
    """Each is parsed by the command that it names; what it would read need not be there."""
    assert set(EXAMPLES) == {name for name, command in COMMANDS.items() if not hasattr(command, "commands")}
    for name, examples in EXAMPLES.items():
        for typed, purpose in examples:
            words = shlex.split(
                next(part for part in typed.split(" | ") if part.startswith("llmstack")).partition(" >")[0]
            )
            assert words[0] == "llmstack"
            assert name in words, typed
            assert purpose
            assert len(f"  {typed}") <= 78
            at = words.index(name)
            with COMMANDS[name].make_context(name, words[at + 1 :]):
                pass


def test_every_exit_code_has_its_meaning() -> None:
    assert list(MEANINGS) == list(Exit)
    section = _section("Exit codes")
    assert all(f"| {code.value} | {_escaped(meaning)} |" in section for code, meaning in MEANINGS.items())


def _section(heading: str) -> str:
    """A section of the page; fails when it is not there."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, f"docs/commands.md has no section `{heading}`"
    return rest.partition("\n## ")[0]


def _escaped(text: str) -> str:
    """As Markdown needs it: `<` would begin HTML, and `|` a new cell."""
    return text.replace("<", "\\<").replace("|", "\\|")
