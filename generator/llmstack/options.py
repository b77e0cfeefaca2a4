"""The arguments and options that commands take: their types, and what `--help` and docs/commands.md say of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class FindingFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


Values = Annotated[
    list[str] | None,
    typer.Argument(metavar="VALUES", help="Environments or their values files; all of them for none."),
]
OneValues = Annotated[str, typer.Argument(metavar="VALUES", help="An environment, or a values file.")]
EnvName = Annotated[
    str | None,
    typer.Option("--env", metavar="NAME", help="Name of the environment, for a file outside values/."),
]
Format = Annotated[FindingFormat, typer.Option("--format", help="How findings are printed.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")]


class ReviewFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class AffectedFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


From = Annotated[
    str | None,
    typer.Argument(metavar="FROM", help="A revision; else the merge base with the default branch."),
]
To = Annotated[str | None, typer.Argument(metavar="TO", help="A revision; else the working tree.")]
