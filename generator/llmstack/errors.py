"""What ends a command early: one class for each exit code that is not about findings."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.finding import Finding


class UsageError(Exception):
    """The command line asks for something that cannot be meant; exit code 2."""


class FoundError(Exception):
    """The input holds what a command cannot go on from: the findings say what and where; exit code 1."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = list(findings)


class RefusedError(Exception):
    """The run would destroy or follow something that is not ours; exit code 4."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))


class IrregularFileError(Exception):
    """What stands at a path is not read; the text says what it is: `a pipe`."""
