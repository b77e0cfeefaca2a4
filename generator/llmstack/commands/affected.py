"""`llmstack affected`: the units that a change touches."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

from typer import Option

from llmstack.commands import options as opt
from llmstack.commands import output


class AffectedFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


HowListed = Annotated[AffectedFormat, Option("--format", help="How the units are printed.")]


def affected(
    before: opt.From = None,
    after: opt.To = None,
    format: HowListed = AffectedFormat.TEXT,
) -> None:
    """Print the units whose build may differ between two revisions.

    A line for each, as environment/unit.
    """
    import json

    from llmstack.report.inert import inert_json
    from llmstack.repository.comparison import find_affected, open_comparison

    units = find_affected(open_comparison(output.find_project(None).root, before, after))
    if format is AffectedFormat.JSON:
        print(inert_json(json.dumps({"envs": units}, indent=2)))
        return
    sys.stdout.write("".join(f"{name}/{unit}\n" for name, names in units.items() for unit in names))
