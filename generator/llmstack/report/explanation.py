"""`llmstack explain`: the documentation of a key, a check, a risk or a word of a review on a terminal."""

from __future__ import annotations

import inspect
import textwrap

from llmstack.checks.reading import READING
from llmstack.checks.table import CHECKS
from llmstack.finding import Severity
from llmstack.model.keys import Key, all_keys, find_keys
from llmstack.report.glossary import TERMS, find_term
from llmstack.review.risks.table import RISKS

MOST = 20
"""More keys than this are listed by path alone."""


def explain(word: str) -> str | None:
    """The page of the check or the risk whose id is `word`, else what it means in a review and what is known of the
    keys that it finds; None for none of these."""
    if (page := explain_id(word)) is not None:
        return page
    return "\n".join(filter(None, (explain_term(word), explain_key(word)))) or None


def explain_term(word: str) -> str | None:
    """What a word of the review means; None where the glossary lacks it."""
    term = find_term(word)
    return None if term is None else f"{term}: a word of `diff`\n\n{textwrap.fill(TERMS[term], 100)}\n"


def explain_id(id: str) -> str | None:
    """The page of a check, of a finding of reading, or of a risk; None where there is none of that id."""
    if (rule := CHECKS.get(id)) is not None:
        return _page(f"{id}: a check of `lint` and `validate`", rule.RULE.severity, rule.RULE.milder, rule.__doc__)
    if (kind := RISKS.get(id)) is not None:
        return _page(f"{id}: a risk of `diff`", kind.RISK.severity, kind.RISK.milder, kind.__doc__)
    if (page := READING.get(id)) is not None:
        return _page(f"{id}: a finding", page.severity, None, f"{page.meaning}\n\nFix: {page.fix}")
    return None


def _page(title: str, severity: Severity, milder: Severity | None, text: str | None) -> str:
    severities = str(severity) if milder is None else f"{severity}, {milder}"
    return f"{title}\nseverity: {severities}\n\n{inspect.cleandoc(text or '')}\n"


def explain_key(word: str) -> str | None:
    """What is known of the keys that `word` finds: each in full when they are few. None when there is none."""
    found = find_keys(word)
    if not found:
        return None
    whole = [key for key in found if key.path.lower() == word.lower()]
    if whole:
        return _full(whole[0]) + _members(whole[0])
    ends = [key for key in found if key.path.lower().endswith(f".{word.lower()}")]
    shown = ends or found
    if len(shown) > MOST:
        return "".join(f"{key.path}\n" for key in shown) + f"{len(shown)} keys: give more of the path\n"
    return "\n".join(_full(key) + (_members(key) if len(shown) == 1 else "") for key in shown)


def _full(key: Key) -> str:
    lines = [key.path, f"  type: {key.type}".replace("\\|", "|")]
    if key.default:
        lines.append(f"  default: {key.default}")
    if key.chart_default is not None:
        lines.append(f"  the chart's default: {key.chart_default}")
    if key.aliases:
        lines.append(f"  also spelled: {', '.join(key.aliases)}")
    lines += textwrap.wrap(key.description, 100, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def _members(key: Key) -> str:
    """The keys right inside a section."""
    prefixes = (f"{key.path}.", f"{key.path}[].", f"{key.path}.<name>.")
    inside = [
        member.path
        for member in all_keys()
        for prefix in prefixes
        if member.path.startswith(prefix) and "." not in member.path.removeprefix(prefix)
    ]
    return "  keys:\n" + "".join(f"    {path}\n" for path in inside) if inside else ""
