"""CEL selectors of devices (DRA), as far as they are the plain ones: comparisons of the driver and of attributes.

kubernetes.io, "Dynamic Resource Allocation"; `CELDeviceSelector` (k8s.io/api/resource/v1): `device.driver`,
`device.attributes[domain].name`, `device.capacity[domain].name` against `quantity("40Gi")` (the CEL library of
quantities, kubernetes.io, "Common Expression Language"). What is read are such comparisons, joined by `&&`, and what
DRA drivers ship with their DeviceClasses is no more. Everything else cannot be told here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct, field

from llmstack.kubernetes.answers import all_of
from llmstack.kubernetes.pods import maps, value_at
from llmstack.kubernetes.quantities import quantity

Attribute = bool | int | str
LONGEST = 10 << 10
"""Characters of an expression (CELSelectorExpressionMaxLength, k8s.io/api/resource/v1)."""

_LITERAL = r"""(?:"[^"\\]*"|'[^'\\]*'|true|false|-?[0-9]{1,18})"""
_DOMAIN = r"""\[(?P<{}>"[^"\\]*"|'[^'\\]*')\]\.(?P<{}>\w+)"""
_COMPARED = (
    rf"""(?:(?P<driver>driver)|attributes{_DOMAIN.format("domain", "name")})"""
    rf"""\s*(?P<operator>==|!=|in\b)\s*(?P<value>{_LITERAL}|\[\s*{_LITERAL}(?:\s*,\s*{_LITERAL})*\s*\])"""
)
_MEASURED = (
    rf"""capacity{_DOMAIN.format("measure", "measured")}\.(?P<way>compareTo|isGreaterThan|isLessThan)"""
    r"""\(\s*quantity\(\s*(?P<amount>"[^"\\]*"|'[^'\\]*')\s*\)\s*\)(?:\s*(?P<sign>[<>]=?|==|!=)\s*0(?![.\w]))?"""
)
_TERM = re.compile(rf"\s*device\.(?:{_COMPARED}|{_MEASURED})\s*", re.ASCII)
_ITEM = re.compile(_LITERAL, re.ASCII)
_SIGNS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def expressions_of(selectors: Any) -> tuple[str, ...] | None:
    """The expressions of a list of selectors; None where one of them is no CEL."""
    found = [value_at(each, "cel", "expression") for each in maps(selectors)]
    whole = isinstance(selectors, list) and len(selectors) == len(found)
    texts = tuple(each for each in found if isinstance(each, str))
    return texts if selectors is None or (whole and len(texts) == len(found)) else None


class Traits(Struct, frozen=True):
    """What expressions ask of a device: its driver, and by `domain/name` its attributes and the quantities of it."""

    driver: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    capacity: Mapping[str, str] = field(default_factory=dict)


def select(expressions: Iterable[str], device: Traits) -> bool | None:
    """Whether all expressions take a device; None where that cannot be told: of another form, or of an attribute that
    the device has not (an error to the scheduler)."""
    return all_of([_selects(each, device) for each in expressions])


def _selects(expression: str, device: Traits) -> bool | None:
    """The answer of one expression; of one that only begins with such comparisons, no where one of them says so."""
    if len(expression) > LONGEST:
        return None
    place, answers = 0, list[bool | None]()
    while (match := _TERM.match(expression, place)) is not None:
        answers.append(_measures(match, device) if match["way"] else _holds(match, device))
        place = match.end() + 2
        if match.end() == len(expression):
            return all_of(answers)
        if not expression.startswith("&&", match.end()):
            answers.pop()  # the comparison goes on
            break
    return False if False in answers and not any(each in expression for each in ("||", "?")) else None


def _measures(match: re.Match[str], device: Traits) -> bool | None:
    """The answer of a comparison with a quantity; `compareTo` is -1, 0 or 1, and is itself compared with 0."""
    found = quantity(device.capacity.get(f"{match['measure'][1:-1]}/{match['measured']}"))
    amount = quantity(match["amount"][1:-1])
    sign = match["sign"]
    if found is None or amount is None or (match["way"] == "compareTo") != bool(sign):
        return None
    return _SIGNS[sign or (">" if match["way"] == "isGreaterThan" else "<")](found, amount)


def _holds(match: re.Match[str], device: Traits) -> bool | None:
    key = f"{(match['domain'] or '')[1:-1]}/{match['name']}"
    found: Attribute | None = device.driver if match["driver"] else device.attributes.get(key)
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
