"""An argument is the beginning of a flag, not the whole of it.

argparse takes `--max-model-le` for `--max-model-len` as long as no other flag begins so; the next release may have
one, and then vLLM refuses to start. It may also be a slip of the pen.

Fix: write the flag in full.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.serve_arguments import flag_findings
from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY = "abbreviated-flag", Severity.NOTE
NEEDS_OBJECTS = True


def run(subject: Subject) -> Iterator[Finding]:
    yield from flag_findings(subject, ID, "abbreviated-flag")
