"""The arguments and options of the commands: their types, and what `--help` and docs/commands.md say of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option


class FindingFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


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


Directory = Annotated[
    Path | None, Option("-C", metavar="DIR", help="Root of the repository; else the parent of values/.")
]

Values = Annotated[
    list[str] | None, Argument(metavar="VALUES", help="Environments or their values files; all of them for none.")
]
OneValues = Annotated[str, Argument(metavar="VALUES", help="An environment, or a values file.")]
EnvName = Annotated[
    str | None, Option("--env", metavar="NAME", help="Name of the environment, for a file outside values/.")
]

Format = Annotated[FindingFormat, Option("--format", help="How findings are printed.")]
Strict = Annotated[bool, Option("--strict", help="Fail on warnings too.")]

Since = Annotated[
    str | None, Option("--since", metavar="REV", help="Build only units that differ from this Git revision.")
]

Check = Annotated[bool, Option("--check", help="Write nothing; show what is stale, and exit with 3.")]
Only = Annotated[str | None, Option("--only", metavar="MODEL", help="Write the units of one model alone.")]
Force = Annotated[bool, Option("--force", help="Overwrite generated files that were edited by hand.")]
PruneEnv = Annotated[
    list[str] | None, Option("--prune-env", metavar="NAME", help="Remove an environment whose values file is gone.")
]

From = Annotated[str | None, Argument(metavar="FROM", help="A revision; else the merge base with the default branch.")]
To = Annotated[str | None, Argument(metavar="TO", help="A revision; else the working tree.")]
HowReviewed = Annotated[ReviewFormat, Option("--format", help="How the review is printed.")]
ExitCode = Annotated[bool, Option("--exit-code", help="Exit with 3 when something changes.")]
Gate = Annotated[FailOn, Option("--fail-on", help="Exit with 1 on a risk as severe that nobody acknowledged.")]
HowListed = Annotated[AffectedFormat, Option("--format", help="How the units are printed.")]

Write = Annotated[bool, Option("--write", help="Rewrite the file; otherwise the change is only shown.")]
Key = Annotated[str, Argument(metavar="KEY", help="A key, or any part of its path.")]
NewFolder = Annotated[Path, Argument(metavar="DIR", show_default=False, help="Its folder; made if it is not there.")]
SecretEnv = Annotated[str, Argument(metavar="ENV", help="The environment, or its values file.")]
SecretName = Annotated[str, Argument(metavar="NAME", help="Name of the Secret.")]
SecretKey = Annotated[str, Argument(metavar="KEY", help="Key within the Secret.")]
