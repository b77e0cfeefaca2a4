"""A flag has a value that vLLM refuses: of the wrong type, not among the choices, or none where one is needed.

Types and choices are those of the release that runs; JSON is parsed. Values that hold `$(NAME)` pass, because
Kubernetes puts them in.

Fix: the message says what the flag takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.serve_arguments import flag_findings
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY, MILDER = "bad-flag-value", Severity.ERROR, Severity.WARNING
NEEDS_OBJECTS = True


def run(subject: Subject) -> Iterator[Finding]:
    yield from flag_findings(subject, ID, "bad-flag-value", "missing-value")
