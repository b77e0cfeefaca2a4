"""`llmstack schema`: the JSON Schemas of a values file, and of what llmstack prints as JSON."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Argument

from llmstack.commands import options as opt
from llmstack.report.json_schemas import SCHEMAS

SchemaOf = Annotated[
    str, Argument(**opt.choices(SCHEMAS) | {"metavar": "WHAT"}, help=f"What the schema is of: {', '.join(SCHEMAS)}.")
]


def schema(what: SchemaOf = "values") -> None:
    """Print the JSON Schema of values, or of what commands print.

    That of `values` is for editors; `findings` is what `lint` and `validate` print with `--format json`, the others are
    what the command of that name prints. Programs may rely on what a schema requires until the next minor version; keys
    may be added.
    """

    sys.stdout.write(SCHEMAS[what]())
