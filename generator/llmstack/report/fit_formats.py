"""Every format of `fit` by its name; its module is imported when one is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmstack.report.fit import Named


def _text(answers: Sequence[Named]) -> str:
    from llmstack.report.fit import fit_text

    return fit_text(answers)


def _json(answers: Sequence[Named]) -> str:
    from llmstack.report.fit import fit_json

    return fit_json(answers)


FIT_FORMATS: Mapping[str, Callable[[Sequence[Named]], str]] = {"text": _text, "json": _json}
