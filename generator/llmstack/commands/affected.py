"""`llmstack affected`: the units that a change touches."""

from __future__ import annotations

import sys
from typing import Annotated

from llmstack.commands import options as opt
from llmstack.commands import output

LISTS = ("text", "json")

HowListed = Annotated[str, opt.one_of(LISTS, "How the units are printed.")]


def affected(
    before: opt.From = None,
    after: opt.To = None,
    format: HowListed = "text",
) -> None:
    """Print the units whose build may differ between two revisions.

    A line for each, as environment/unit.
    """
    import json

    from llmstack.report.inert import inert_json
    from llmstack.repository.comparison import find_affected, open_comparison

    units = find_affected(open_comparison(output.find_project(None).root, before, after))
    if format == "json":
        print(inert_json(json.dumps({"envs": units}, indent=2)))
        return
    sys.stdout.write("".join(f"{name}/{unit}\n" for name, names in units.items() for unit in names))
