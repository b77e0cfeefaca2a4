"""What ends a command early: one class for each exit code that is not about findings."""

from __future__ import annotations

from collections.abc import Sequence


class UsageError(Exception):
    """The command line asks for something that cannot be meant; exit code 2."""


class RefusedError(Exception):
    """The run would destroy or follow something that is not ours; exit code 4."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
