"""A `VLLM_*` environment variable that the vLLM release that runs does not read.

vLLM ignores such a name, so a misspelt one, or one that an upgrade took away, changes nothing and says nothing. A name
that is like no other is a note only: plugins and entry points have names of their own.

Fix: the help names the nearest variable; remove one that is no longer read.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.serve_arguments import variable_findings
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY, MILDER = "unknown-variable", Severity.WARNING, Severity.NOTE


def run(subject: Subject) -> Iterator[Finding]:
    yield from variable_findings(subject, ID, "unknown-env", "removed-env")
