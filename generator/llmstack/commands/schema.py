"""`llmstack schema`: the JSON Schemas of a values file, and of what llmstack prints as JSON."""

from __future__ import annotations

import sys

from llmstack.commands import options as opt


def schema(what: opt.SchemaOf = "values") -> None:
    """Print the JSON Schema of values, of findings or of reviews.

    That of `values` is for editors; `findings` is what `lint` and `validate` print, `diff` what `diff` does.
    """
    from llmstack.report.json_schemas import SCHEMAS

    sys.stdout.write(SCHEMAS[what]())
