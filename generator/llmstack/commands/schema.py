"""`llmstack schema`: the JSON Schemas of a values file, and of what llmstack prints as JSON."""

from __future__ import annotations

import sys

from llmstack.commands import options as opt


def schema(what: opt.SchemaOf = "values") -> None:
    """Print a JSON Schema: of a values file, for editors, or of JSON that llmstack prints.

    `findings` is what `lint`, `validate` and `gen` print, `diff` what `diff` does.
    """
    from llmstack.report.json_schemas import SCHEMAS

    sys.stdout.write(SCHEMAS[what]())
