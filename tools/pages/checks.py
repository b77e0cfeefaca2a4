"""docs/checks.md: every finding there can be, its severity, what is wrong, and what to do."""

from __future__ import annotations

import inspect

from llmstack.checks import ALWAYS, CHECKS, FOUNDATIONS
from llmstack.checks.reading import MODEL, STREAMS, TEXT, TREE, Page
from llmstack.checks.rule import Rule

_INTRO = """# Checks

<!-- Generated from generator/llmstack/checks by `make update`. -->

`llmstack lint` and `llmstack validate` print findings; `gen` stops at errors. Each has an id, and this page has a
section for each id. Errors end with exit code 1; warnings do so with `--strict`.

A check's severity can be changed for an environment, and a finding can be set aside in its place, with a reason:

```yaml
gitops:
  checks: {mutable-tag: error, host-path: off}   # off, note, warning, error
servingEngineSpec:
  modelSpec:
    - name: llama
      tag: latest   # llmstack: ignore[mutable-tag] nightly tests of the newest build
```

The comment stands in the line that the finding points at, or in a line of its own right above; it names one id or
several, and without a reason it does nothing. Findings of reading (below) cannot be changed, and neither can
"""

_READING = """
## Findings of reading

These come before any check: a file that cannot be understood, values that the model does not take, a tree that is not
what the values generate. They cannot be turned off.
"""


def checks_page() -> str:
    """The whole page."""
    return "\n".join((_intro(), *_table(), *(_section(id, rule) for id, rule in CHECKS.items()), *_reading()))


def _intro() -> str:
    fixed = ", ".join(f"`{id}`" for id in sorted(FOUNDATIONS))
    inline = ", ".join(f"`{id}`" for id in sorted(ALWAYS - FOUNDATIONS))
    return f"{_INTRO}{fixed};\n{inline} can be set aside in its place only.\n"


def _table() -> list[str]:
    rows = [f"| [{id}](#{id}) | {severity_of(rule)} | {_summary(rule)} |" for id, rule in CHECKS.items()]
    return ["| check | severity | what is wrong |", "|---|---|---|", *rows, ""]


def severity_of(rule: Rule) -> str:
    """A check's severity in words: `error`, or `error, warning` where it has a milder form."""
    severity, milder = rule.RULE.severity, rule.RULE.milder
    return str(severity) if milder is None else f"{severity}, {milder}"


def _summary(rule: Rule) -> str:
    return inspect.cleandoc(rule.__doc__ or "").split("\n")[0]


def _section(id: str, rule: Rule) -> str:
    text = inspect.cleandoc(rule.__doc__ or "").replace("\nFix: ", "\n**Fix:** ")
    return f"## {id}\n\nSeverity: {severity_of(rule)}.\n\n{text}\n"


def _reading() -> list[str]:
    parts = [_READING]
    for title, pages in (("Text", TEXT), ("Model", MODEL), ("Tree and commands", TREE), ("Objects", STREAMS)):
        parts += [f"### {title}\n", *(_found(id, page) for id, page in pages.items())]
    return parts


def _found(id: str, page: Page) -> str:
    """A heading for each id, so that its address is that of a check."""
    return f"#### {id}\n\nSeverity: {page.severity}.\n\n{page.meaning}\n\n**Fix:** {page.fix}\n"
