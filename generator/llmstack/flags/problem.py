"""What can be wrong with an argument list or with an environment name."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from llmstack.finding import Severity

Kind = Literal[
    "unknown-flag", "removed-flag", "bad-flag-value", "missing-value", "bad-negation", "flag-given-twice",
    "unexpected-argument", "abbreviated-flag", "unknown-env", "removed-env",
]  # fmt: skip


class FlagProblem(Struct, frozen=True):
    """One thing wrong; `index` is the guilty element of the list, the value where that is at fault."""

    kind: Kind
    flag: str
    index: int
    message: str
    help: str | None = None
    severity: Severity = Severity.ERROR
