"""YAML as it is written, which is not as PyYAML does: that leaves `'12e4567'`, `'1e3'` and `'0o17'` without quotes,
which Kubernetes' parsers read as numbers, and it wraps long strings.

`dump` writes block style with two spaces, keys in the order of `KEY_ORDER` and then by name, lists not indented under
their key, strings plain only where every YAML 1.1 and 1.2 parser reads them as the same string, and text of several
lines as a literal block where that is exact.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

KEY_ORDER = {
    key: rank
    for rank, key in enumerate(
        (
            "apiVersion",
            "kind",
            "metadata",
            "$patch",
            "name",
            "namespace",
            "image",
            "command",
            "args",
            "labels",
            "annotations",
            "path",
            "resources",
            "components",
        )
    )
}
"""Keys that come first in any map, in this order; all others follow by name."""

_PLAIN = re.compile(
    r"(?:--?(?!_)|(?:\.\./)+)?[A-Za-z_/$][A-Za-z0-9_./@+=$(),-]*(?::[A-Za-z0-9_./@+=$,-]+)*\Z|\d+(?:Ki|Mi|Gi|Ti|Pi|Ei)\Z"
)
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_./@+=-]*(?: [A-Za-z0-9][A-Za-z0-9_./@+=-]*)*\Z")
_SINGLE = re.compile(r"[\x20-\x7e]+\Z")
_AMBIGUOUS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_LITERAL = re.compile(r"[^\s#][\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\n]*\Z")
_NOT_LITERAL = re.compile(r"[ \t]\n|[\u0085\u2028\u2029]| \Z")


def dump(value: Any) -> str:
    """Return `value` (maps, lists, strings, numbers, booleans, null) as one YAML document, ending in a line break."""
    lines: list[str] = []
    if isinstance(value, dict) and value:
        _write_map(value, "", "", lines)
    elif isinstance(value, list) and value:
        _write_list(value, "", lines)
    else:
        lines.append(_scalar(value))
    lines.append("")
    return "\n".join(lines)


@lru_cache(maxsize=1 << 14)
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys of a map in the order they are written; maps with the same keys are many."""
    return tuple(sorted(keys, key=lambda key: (KEY_ORDER.get(key, 99), key)))


def _write_map(value: dict[str, Any], indent: str, first: str, lines: list[str]) -> None:
    """Append the lines of a non-empty map; `first` replaces the indent of its first line (after `- `)."""
    lead = first or indent
    for key in _in_order(tuple(value)):
        item = value[key]
        head = f"{lead}{_scalar(key)}:"
        lead = indent
        if item.__class__ is str:
            block = _literal(item, indent + "  ") if "\n" in item else None
            if block is None:
                lines.append(f"{head} {_string(item)}")
            else:
                lines.append(f"{head} {block[0]}")
                lines.extend(block[1])
        elif isinstance(item, dict) and item:
            lines.append(head)
            _write_map(item, indent + "  ", "", lines)
        elif isinstance(item, list) and item:
            lines.append(head)
            _write_list(item, indent, lines)
        else:
            lines.append(f"{head} {_scalar(item)}")


def _write_list(value: list[Any], indent: str, lines: list[str]) -> None:
    for item in value:
        if isinstance(item, dict) and item:
            _write_map(item, indent + "  ", f"{indent}- ", lines)
        elif isinstance(item, list) and item:
            lines.append(f"{indent}-")
            _write_list(item, indent + "  ", lines)
        elif item.__class__ is str:
            block = _literal(item, indent + "  ") if "\n" in item else None
            if block is None:
                lines.append(f"{indent}- {_string(item)}")
            else:
                lines.append(f"{indent}- {block[0]}")
                lines.extend(block[1])
        else:
            lines.append(f"{indent}- {_scalar(item)}")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, (int, float)):
        return json.dumps(value, allow_nan=False)
    raise TypeError(f"not a YAML value: {value!r}")


@lru_cache(maxsize=1 << 15)
def _string(text: str) -> str:
    plain = _PLAIN.match(text) or _PLAIN_WORDS.match(text)
    if plain and text.lower() not in _AMBIGUOUS:
        return text
    if _SINGLE.match(text) and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str, indent: str) -> tuple[str, list[str]] | None:
    """`text` as a literal block: its header and lines, or None where a block would not be exact."""
    if not _LITERAL.match(text) or _NOT_LITERAL.search(text):
        return None
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    header = {0: "|-", 1: "|"}.get(breaks, "|+")
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return header, lines + [""] * max(0, breaks - 1)
