"""CEL selectors of devices (DRA), as far as they are the plain ones: comparisons of the driver and of attributes.

kubernetes.io, "Dynamic Resource Allocation"; `CELDeviceSelector` (k8s.io/api/resource/v1): `device.driver`,
`device.attributes[domain].name`. What is read are such comparisons, joined by `&&`, and what DRA drivers ship with
their DeviceClasses is no more. Everything else cannot be told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.answers import all_of
from llmstack.kubernetes.pods import maps, value_at

Attribute = bool | int | str
LONGEST = 10 << 10
"""Characters of an expression (CELSelectorExpressionMaxLength, k8s.io/api/resource/v1)."""

_LITERAL = r"""(?:"[^"\\]*"|'[^'\\]*'|true|false|-?[0-9]{1,18})"""
_TERM = re.compile(
    r"""\s*device\.(?:(?P<driver>driver)|attributes\[(?P<domain>"[^"\\]*"|'[^'\\]*')\]\.(?P<name>\w+))"""
    rf"""\s*(?P<operator>==|!=|in\b)\s*(?P<value>{_LITERAL}|\[\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*\s*\])\s*""",
    re.ASCII,
)
_ITEM = re.compile(_LITERAL, re.ASCII)


def expressions_of(selectors: Any) -> tuple[str, ...] | None:
    """The expressions of a list of selectors; None where one of them is no CEL."""
    found = [value_at(each, "cel", "expression") for each in maps(selectors)]
    whole = isinstance(selectors, list) and len(selectors) == len(found)
    texts = tuple(each for each in found if isinstance(each, str))
    return texts if selectors is None or (whole and len(texts) == len(found)) else None


def select(expressions: Iterable[str], driver: str, attributes: Mapping[str, Attribute]) -> bool | None:
    """Whether all expressions take a device of a driver with these attributes, each named `domain/name`; None where
    that cannot be told: of another form, or of an attribute that the device has not (an error to the scheduler)."""
    return all_of([_selects(each, driver, attributes) for each in expressions])


def _selects(expression: str, driver: str, attributes: Mapping[str, Attribute]) -> bool | None:
    """The answer of one expression; of one that only begins with such comparisons, no where one of them says so."""
    if len(expression) > LONGEST:
        return None
    place, answers = 0, list[bool | None]()
    while (match := _TERM.match(expression, place)) is not None:
        answers.append(_holds(match, driver, attributes))
        place = match.end() + 2
        if match.end() == len(expression):
            return all_of(answers)
        if not expression.startswith("&&", match.end()):
            break
    return False if False in answers and not any(each in expression for each in ("||", "?")) else None


def _holds(match: re.Match[str], driver: str, attributes: Mapping[str, Attribute]) -> bool | None:
    key = f"{(match['domain'] or '')[1:-1]}/{match['name']}"
    found: Attribute | None = driver if match["driver"] else attributes.get(key)
    values = [_literal(each) for each in _ITEM.findall(match["value"])]
    if found is None or (match["operator"] == "in") != match["value"].startswith("["):
        return None
    if any(type(each) is not type(found) for each in values):
        return None
    return (found in values) != (match["operator"] == "!=")


def _literal(text: str) -> Attribute:
    if text in ("true", "false"):
        return text == "true"
    return text[1:-1] if text[0] in "\"'" else int(text)
