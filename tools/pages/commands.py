"""docs/commands.md: every command, argument and option with its help, and the exit codes. Made from the commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer

from llmstack.cli import cli
from llmstack.commands.examples import example_lines
from llmstack.commands.exits import MEANINGS

_INTRO = """# Commands

<!-- Generated from generator/llmstack/cli.py by `make update`. -->

Where an environment is meant, its name and its values file are both accepted: `prod`, `values/prod.yaml`.
values/base.yaml, or nothing, means all of them. What a command finds out goes to stdout, what it has to say beside that
to stderr.

`-C DIR`, before the command, is the repository's root, and where paths start. Without it the root is the parent of
the `values/` that holds a file which is named, else the nearest folder with values/, from the working directory up to
the top of the Git repository.

kustomize (5.4.0 or newer; 5.8.1 is tested), kubeconform and sops are looked for in the folder `$LLMSTACK_TOOLS`, else
in what `llmstack tools install` built, then on PATH. Output to a terminal is coloured, unless `$NO_COLOR` is set, and
also elsewhere where `$FORCE_COLOR` or `$CLICOLOR_FORCE` is. `llmstack --install-completion` makes your shell complete
commands, environments, models, revisions, checks, risks and keys; `_LLMSTACK_COMPLETE=source_zsh llmstack` prints
the script of a shell that you name (`bash`, `zsh`, `fish`).
"""


def commands_page() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(cli)
    parts = [_INTRO, "\n## llmstack\n", _parameters(group)]
    for name, command in group.commands.items():
        parts += _section(name, command, "##")
    rows = [f"| {code.value} | {_cell(meaning)} |\n" for code, meaning in MEANINGS.items()]
    return "".join([*parts, "\n## Exit codes\n\n| code | what it says |\n|--:|---|\n", *rows])


def _section(name: str, command: Any, mark: str) -> Iterator[str]:
    """Yield the section of a command; below that of a group, one for each command in it."""
    yield f"\n{mark} llmstack {name}\n\n{_prose(inspect.cleandoc(command.help))}\n\n{_usage(name, command)}"
    yield _parameters(command)
    if examples := example_lines(name):
        yield "\n".join(["\n```sh", *examples, "```\n"])
    for inner, each in getattr(command, "commands", {}).items():
        yield from _section(f"{name} {inner}", each, f"{mark}#")


def _usage(name: str, command: Any) -> str:
    with typer.Context(command, info_name=f"llmstack {name}") as context:
        usage = command.get_usage(context).removeprefix("Usage: ")
    return f"```\n{usage}\n```\n"


def _parameters(command: Any) -> str:
    """A table of what a command takes; nothing when it takes nothing but --help."""
    with typer.Context(command) as context:
        records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [f"| `{_cell(_name(*record))}` | {_prose(_cell(record[1]))} |\n" for record in records if record]
    return "".join(["\n| argument or option | what it does |\n|---|---|\n", *rows]) if rows else ""


def _name(record: str, help: str) -> str:
    """An argument or option as it is typed, without the type that typer puts behind an argument: `FROM <str>`."""
    return record if record.startswith("-") else re.sub(r" <.*>$", "", record)


def _prose(text: str) -> str:
    """Text outside of code, in which Markdown would take `<env>` for HTML."""
    return text.replace("<", "\\<")


def _cell(text: str) -> str:
    return re.sub(" +", " ", text).replace("|", "\\|")
