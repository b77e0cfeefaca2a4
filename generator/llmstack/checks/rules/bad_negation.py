"""`--no-<flag>` of a flag that cannot be negated.

vLLM makes the `--no-` form of its boolean options only; of others it is unknown, and the engine does not start.

Fix: leave the flag out, or give it the value that turns it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.serve_arguments import flag_findings
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY, MILDER = "bad-negation", Severity.ERROR, Severity.WARNING
NEEDS_OBJECTS = True


def run(subject: Subject) -> Iterator[Finding]:
    yield from flag_findings(subject, ID, "bad-negation")
