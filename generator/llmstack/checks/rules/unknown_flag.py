"""An argument is not a flag of the vLLM release that runs.

vLLM refuses to start on an argument it does not know, after the image is pulled and the old pod is gone. The release is
that of the image's tag, or `modelSpec[].gitops.vllmVersion` where the tag does not say it; where neither does, the
newest catalogue is asked and the finding is a warning. The router's arguments are checked against the router's flags.

Fix: the help names the nearest flag; `llmstack lint` says which release it asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import flag_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("unknown-flag", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from flag_problems(subject, RULE, "unknown-flag", "unexpected-argument")
