"""`llmstack explain`: what a key does."""

from __future__ import annotations

import sys

from llmstack.commands import options as opt


def explain(key: opt.Key) -> None:
    """Print what a key does, found by any part of its path."""
    from llmstack.errors import UsageError
    from llmstack.report.explanation import explain_key

    text = explain_key(key)
    if text is None:
        raise UsageError(f"no key of the values has `{key}` in its path; docs/values.md lists them all")
    sys.stdout.write(text)
