"""Every format of `verify` by its name; its module is imported when one is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmstack.verify.verdict import Verification


def _text(verification: Verification) -> str:
    from llmstack.report.verification import verification_text

    return verification_text(verification)


def _markdown(verification: Verification) -> str:
    from llmstack.report.verification import verification_markdown

    return verification_markdown(verification)


def _json(verification: Verification) -> str:
    from llmstack.report.verification import verification_json

    return verification_json(verification)


VERIFICATION_FORMATS: Mapping[str, Callable[[Verification], str]] = {
    "text": _text,
    "markdown": _markdown,
    "json": _json,
}
