"""An acknowledgement covers the amount that it was made for, and says what it covers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from llmstack.repository.acknowledged import acknowledgement_findings
from llmstack.review.facts import Acknowledgement, Facts

ENGINE = "Deployment/llama"


def _entry(risk: str, up_to: int | None = None, object: str = ENGINE) -> Acknowledgement:
    return Acknowledgement(risk, object, date(2026, 12, 31), "agreed", up_to)


@pytest.mark.parametrize(
    ("risk", "pools", "amount", "unit"),
    [
        ("outage", 8, 60, "seconds"),
        ("restart", 8, 4, "replicas"),
        ("gpu-shortage", 3, 1, "GPUs"),
    ],
)
def test_an_amount_that_grows_is_not_covered(
    risk: str, pools: int, amount: int, unit: str, deployment: Callable[..., Any], review: Callable[..., Any], pool: Any
) -> None:
    pair = tuple(deployment(image=each, replicas=4) for each in ("v1", "v2"))
    for up_to, accepted in ((None, True), (amount, True), (amount - 1, False)):
        facts = {"acknowledgements": (_entry(risk, up_to),)}
        result = review(pair, pools=[pool(pools)], loads={"llama": 30}, facts=facts)
        [found] = [each for each in result.risks if each.id == risk]
        assert (found.amount, found.acknowledged) == (amount, accepted)
        bound = "any amount" if up_to is None else f"up to {up_to} {unit.removesuffix('s') if up_to == 1 else unit}"
        grown = "" if accepted else f", and now it is {amount}"
        assert found.accepted == f"agreed ({bound}{grown}, until 2026-12-31)"


def test_an_entry_speaks_of_one_risk_at_one_object(deployment: Callable[..., Any], review: Callable[..., Any]) -> None:
    pair = tuple(deployment(image=each) for each in ("v1", "v2"))
    entries = (_entry("outage"), _entry("restart", object="Deployment/other"))
    result = review(pair, facts={"acknowledgements": entries})
    [found] = [each for each in result.risks if each.id == "restart"]
    assert (found.acknowledged, found.accepted) == (False, "")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (_entry("not-applied", 3), "is bounded by `upTo: 3`, and not-applied has no amount: it accepts nothing"),
        (_entry("outage", object="lama"), "meets no risk of this change"),
        (_entry("outage", object="llam"), "meets no risk of this change"),
        (_entry("outage", object="llama"), "comes in the same change as what it accepts"),
    ],
)
def test_what_is_said_of_entries(
    entry: Acknowledgement, told: str, deployment: Callable[..., Any], review: Callable[..., Any]
) -> None:
    pair = tuple(deployment(image=each) for each in ("v1", "v2"))
    after = Facts(acknowledgements=(entry,))
    result = review(pair, facts={"acknowledgements": (entry,)})
    [finding] = acknowledgement_findings(result, Facts(), after, None, date(2026, 6, 1))
    assert told in finding.message


def test_what_has_no_amount_is_not_accepted_in_silence(
    deployment: Callable[..., Any], review: Callable[..., Any]
) -> None:
    paused = deployment(paused=True), deployment(image="v2", paused=True)
    result = review(paused, facts={"acknowledgements": (_entry("not-applied", 3),)})
    [found] = [each for each in result.risks if each.id == "not-applied"]
    assert not found.acknowledged
    assert found.accepted == (
        "agreed (up to 3, but not-applied has no amount that `upTo` could bound, until 2026-12-31)"
    )
