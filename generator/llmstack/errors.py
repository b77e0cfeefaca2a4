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


MAX_BYTES = 16 * 1024 * 1024
"""How large a file may be that is read whole: values, overlays, manifests, certificates, on disk or at a commit."""


class IrregularFileError(Exception):
    """What stands at a path is not read; the text says what it is: `a pipe`."""


def too_large(size: int) -> IrregularFileError:
    """What is said of a file of more than MAX_BYTES."""
    return IrregularFileError(f"{size} bytes large, and {MAX_BYTES} are the most that is read")
