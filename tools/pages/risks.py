"""docs/risks.md: every risk of a review, its severity, why it matters, how it is judged, and what to do."""

from __future__ import annotations

import inspect

from llmstack.review.risks.declaration import RiskKind
from llmstack.review.risks.table import RISKS

_INTRO = """# Risks

<!-- Generated from generator/llmstack/review/risks by `make update`. -->

`llmstack diff` judges a change before it is merged. Each risk has an id, and this page has a section for each id;
`llmstack explain ID` prints the same; the words are in the [glossary](glossary.md). With `--fail-on error` or
`--fail-on warning`, `diff` exits with 1 if an unacknowledged risk has this severity or a worse one.

A risk that is accepted is acknowledged in the values of its environment. It stays in the report, marked as such,
and no longer fails the run:

```yaml
gitops:
  acknowledge:
    - risk: outage
      object: Deployment/llmstack-llama-deployment-vllm   # as the report names it; its name or the model's does too
      until: "2026-12-31"                                 # the last day on which it holds; without it, it always holds
      reason: test environment, nobody uses it at night
```
"""


def risks_page() -> str:
    """The whole page."""
    rows = [f"| [{id}](#{id}) | {severity_of(kind)} | {_summary(kind)} |" for id, kind in RISKS.items()]
    table = ["| risk | severity | what may happen |", "|---|---|---|", *rows, ""]
    return "\n".join((_INTRO, *table, *(_section(id, kind) for id, kind in RISKS.items())))


def severity_of(kind: RiskKind) -> str:
    """A risk's severity in words: `error`, or `error, warning` where it has a milder form."""
    severity, milder = kind.RISK.severity, kind.RISK.milder
    return str(severity) if milder is None else f"{severity}, {milder}"


def _summary(kind: RiskKind) -> str:
    return inspect.cleandoc(kind.__doc__ or "").split("\n")[0]


def _section(id: str, kind: RiskKind) -> str:
    text = inspect.cleandoc(kind.__doc__ or "")
    for heading in ("Why it matters", "How it is judged", "Fix"):
        text = text.replace(f"\n{heading}: ", f"\n**{heading}:** ")
    return f"## {id}\n\nSeverity: {severity_of(kind)}.\n\n{text}\n"
