"""`llmstack explain`: the documentation of a key, a check, a risk, a flag or a word of a review on a terminal."""

from __future__ import annotations

import difflib
import inspect
import re
import textwrap
from collections.abc import Iterable

from llmstack.checks.reading import READING
from llmstack.checks.table import CHECKS
from llmstack.finding import Severity
from llmstack.flags.catalogue import changes
from llmstack.model.keys import Key, all_keys, find_keys, same_path
from llmstack.report.explained_flag import explain_flag
from llmstack.report.glossary import TERMS, find_term
from llmstack.review.risks.table import RISKS

MOST = 20
"""More keys than this are listed by path alone."""

WIDTH = 100


def explain(word: str) -> str | None:
    """The page of the check or the risk whose id is `word`, what is known of a flag, else what it means in a review and
    what is known of the keys that it finds; None for none of these."""
    if (page := explain_id(word) or explain_flag(word)) is not None:
        return page
    return "\n".join(filter(None, (explain_term(word), explain_key(word)))) or None


def suggest(word: str) -> str | None:
    """What `explain` knows that is spelled most nearly like a word; None where nothing is near."""
    names = (key.path.rpartition(".")[2] for key in all_keys())
    known = {same_path(each): each for each in (*CHECKS, *READING, *RISKS, *TERMS, *changes(), *names)}
    near = difflib.get_close_matches(same_path(word).rpartition(".")[2], known, n=1, cutoff=0.7)
    return known[near[0]].removesuffix("[]") if near else None


def overview() -> str:
    """What there is to explain: the sections of the values, and every id and word."""
    sections = [key for key in all_keys() if "." not in key.path]
    lists: dict[str, Iterable[str]] = {
        "a check of `lint` and `validate`:": CHECKS,
        "a risk of `diff`:": RISKS,
        "a word of `diff`:": TERMS,
    }
    parts = [
        "a key of the values, by any part of its path:\n" + _table({key.path: key.description for key in sections})
    ]
    parts += [f"{title}\n{_listed(words)}" for title, words in lists.items()]
    parts += ["a flag of vLLM: --max-model-len\ntwo releases of vLLM: upgrade 0.15.1 0.20.2\n"]
    return "llmstack explain takes\n\n" + "\n".join(parts)


def _listed(words: Iterable[str]) -> str:
    text = ", ".join(word.replace(" ", "\0") for word in words)  # what belongs together stays on a line
    return (
        textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False).replace(
            "\0", " "
        )
        + "\n"
    )


def explain_term(word: str) -> str | None:
    """What a word of the review means; None where the glossary lacks it."""
    term = find_term(word)
    return None if term is None else f"{term}: a word of `diff`\n\n{textwrap.fill(TERMS[term], WIDTH)}\n"


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
    whole = [key for key in found if same_path(key.path) == same_path(word)]
    if whole:
        return _full(whole[0]) + _members(whole[0])
    ends = [key for key in found if same_path(key.path).endswith(f".{same_path(word)}")]
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
    lines += textwrap.wrap(key.description, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def _members(key: Key) -> str:
    """The keys right inside a section, each with the first sentence of what it does."""
    prefixes = (f"{key.path}.", f"{key.path}[].", f"{key.path}.<name>.")
    inside = {
        member.path.removeprefix(prefix): member.description
        for member in all_keys()
        for prefix in prefixes
        if member.path.startswith(prefix) and "." not in member.path.removeprefix(prefix)
    }
    return "  keys:\n" + textwrap.indent(_table(inside), "  ") if inside else ""


def _table(described: dict[str, str]) -> str:
    width = max(map(len, described)) + 2
    rows = (f"{name:{width}}{_first_sentence(text)}".rstrip() for name, text in described.items())
    fill = textwrap.TextWrapper(WIDTH - 2, initial_indent="  ", subsequent_indent=" " * (width + 2))
    return "".join(fill.fill(row) + "\n" for row in rows)


def _first_sentence(text: str) -> str:
    return re.split(r"\. (?=[A-Z])", text, maxsplit=1)[0].removesuffix(".")
