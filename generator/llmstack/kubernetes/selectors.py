"""Which labels a LabelSelector selects.

k8s.io/apimachinery, pkg/apis/meta/v1 (`LabelSelectorAsSelector`): an empty one selects everything, all of its parts
must hold, and NotIn holds where the label is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
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
