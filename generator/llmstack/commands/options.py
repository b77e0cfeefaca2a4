"""Arguments and options that several commands have, and what `--help` and docs/commands.md say of them.

Those of one command stand beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, BadParameter, Option

from llmstack.commands import completion
from llmstack.report.formats import FORMATS


def one_of(table: Iterable[str], help: str) -> Any:
    """`--format` with the names of a table as its choices."""
    return Option("--format", **choices(table), help=help)


def choices(table: Iterable[str]) -> dict[str, Any]:
    """What makes the names of a table the choices of an option or an argument."""
    names = list(table)

    def choose(text: str) -> str:
        if text not in names:
            raise BadParameter(f"{text!r} is not one of {', '.join(map(repr, names))}.")
        return text

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return {"parser": choose, "metavar": f"<{'|'.join(names)}>", "autocompletion": complete}


Directory = Annotated[
    Path | None, Option("-C", metavar="DIR", help="Root of the repository; by default the parent of values/.")
]
Values = Annotated[
    list[str] | None,
    Argument(
        metavar="VALUES",
        help="Environments or their values files; all if none is given.",
        autocompletion=completion.environments,
    ),
]
OneValues = Annotated[
    str,
    Argument(metavar="VALUES", help="An environment, or a values file.", autocompletion=completion.environments),
]
EnvName = Annotated[
    str | None, Option("--env", metavar="NAME", help="Name of the environment, for a file outside values/.")
]
Format = Annotated[str, one_of(FORMATS, "How findings are printed.")]
Strict = Annotated[bool, Option("--strict", help="Fail on warnings too.")]
From = Annotated[
    str | None,
    Argument(
        metavar="FROM",
        help="A revision; by default the merge base with the default branch.",
        autocompletion=completion.revisions,
    ),
]
To = Annotated[
    str | None,
    Argument(metavar="TO", help="A revision; by default the working tree.", autocompletion=completion.revisions),
]
ExitCode = Annotated[bool, Option("--exit-code", help="Exit with 3 when something changes.")]
Write = Annotated[bool, Option("--write", help="Rewrite the file; otherwise the change is only shown.")]
Release = Annotated[
    str | None, Option("--release", metavar="NAME", help="The Helm release that the values are of; else what they say.")
]
Namespace = Annotated[
    str | None, Option("--namespace", metavar="NAME", help="The release's namespace; else what they say.")
]
KeepDefaults = Annotated[
    bool, Option("--keep-defaults", help="Write down the chart's numbers where ours differ and nothing is set.")
]
