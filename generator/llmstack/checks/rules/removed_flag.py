"""An argument was a flag of older vLLM releases, and the one that runs no longer has it.

An upgrade of the image would end in engines that do not start. The help says since when the flag is gone, and what
took its place where the release itself says so.

Fix: use what replaced it, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.serve_arguments import flag_findings
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY, MILDER = "removed-flag", Severity.ERROR, Severity.WARNING
NEEDS_OBJECTS = True


def run(subject: Subject) -> Iterator[Finding]:
    yield from flag_findings(subject, ID, "removed-flag")
