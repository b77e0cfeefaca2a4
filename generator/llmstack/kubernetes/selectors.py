"""Which labels a LabelSelector selects.

k8s.io/apimachinery, pkg/apis/meta/v1 (`LabelSelectorAsSelector`): an empty one selects everything, all of its parts
must hold, and NotIn holds where the label is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects an object with these labels."""
    equal = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in equal) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression.get("key"), expression.get("values") or ()
    there = key in labels
    match expression.get("operator"):
        case "In":
            return there and labels[str(key)] in values
        case "NotIn":
            return not there or labels[str(key)] not in values
        case "Exists":
            return there
        case "DoesNotExist":
            return not there
    return False


def numbers(found: int) -> Iterator[int]:
    """The places of the objects in a set of `Labelled`."""
    while found:
        lowest = found & -found
        yield lowest.bit_length() - 1
        found ^= lowest


class Labelled:
    """Objects by their labels, for selectors that are asked of all of them. A set of them is a number whose bit `n`
    stands for the n-th: as many selectors as objects are no square of comparisons then."""

    def __init__(self, labels: Sequence[Mapping[str, str]]) -> None:
        self._all = (1 << len(labels)) - 1
        self._having: dict[Any, int] = {}
        self._equal: dict[Any, int] = {}
        for at, each in enumerate(labels):
            for key, value in each.items():
                self._having[key] = self._having.get(key, 0) | 1 << at
                self._equal[key, value] = self._equal.get((key, value), 0) | 1 << at

    def select(self, selector: Mapping[str, Any]) -> int:
        """Those that a LabelSelector selects, as `selects` has it."""
        found = self._all
        for key, value in (selector.get("matchLabels") or {}).items():
            found &= self._with(key, [value])
        for expression in selector.get("matchExpressions") or ():
            found &= self._holding(expression)
        return found

    def _with(self, key: Any, values: Iterable[Any]) -> int:
        found = 0
        for value in values:
            found |= self._equal.get((key, value), 0) if isinstance(value, str) else 0
        return found

    def _holding(self, expression: Mapping[str, Any]) -> int:
        key, values = str(expression.get("key")), expression.get("values") or ()
        match expression.get("operator"):
            case "In":
                return self._with(key, values)
            case "NotIn":
                return self._all & ~self._with(key, values)
            case "Exists":
                return self._having.get(key, 0)
            case "DoesNotExist":
                return self._all & ~self._having.get(key, 0)
        return 0
