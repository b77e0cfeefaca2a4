"""`llmstack schema`: the JSON Schema of a values file."""

from __future__ import annotations

import sys


def schema() -> None:
    """Print the JSON Schema of a values file, for editors."""
    from llmstack.model.json_schema import schema_text

    sys.stdout.write(schema_text())
