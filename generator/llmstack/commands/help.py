"""`llmstack help`: what `--help` says, for those who type it the other way round."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer import Argument

from llmstack.commands import completion

Words = Annotated[
    list[str] | None,
    Argument(
        metavar="COMMAND",
        help="A command; the program itself if none is given.",
        autocompletion=completion.commands,
    ),
]


def help(context: typer.Context, words: Words = None) -> None:
    """Print the help of the program or of a command."""
    from llmstack.errors import UsageError

    here: Any = context.parent
    for word in words or []:
        inner = getattr(here.command, "commands", {}).get(word)
        if inner is None:
            raise UsageError(f"there is no command `{word}`: `llmstack help` lists them all")
        here = typer.Context(inner, info_name=word, parent=here)
    print(here.get_help())
