"""`llmstack explain`: the documentation of a key on a terminal."""

from __future__ import annotations

import textwrap

from llmstack.model.keys import Key, all_keys, find_keys

MOST = 20
"""More keys than this are listed by path alone."""


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
        return "".join(f"{key.path}\n" for key in shown) + f"{len(shown)} keys: say more of the path\n"
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
