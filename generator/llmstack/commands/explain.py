"""`llmstack explain`: what a key does."""

from __future__ import annotations

import sys

from llmstack.commands import options as opt


def explain(key: opt.Key) -> None:
    """Print what a key does, or what a check or a risk means.

    A key is found by any part of its path, a check or a risk by its id.
    """
    from llmstack.errors import UsageError
    from llmstack.report import explanation

    text = explanation.explain(key)
    if text is None:
        raise UsageError(
            f"`{key}` is no part of a key's path, and no check or risk has this id; "
            "docs/values.md, docs/checks.md and docs/risks.md list them all"
        )
    sys.stdout.write(text)
