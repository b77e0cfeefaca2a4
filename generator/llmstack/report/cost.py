"""What a cluster costs, as every report says it: exact amounts for programs, to a cent for people."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from llmstack.report.visible import visible
from llmstack.review.cost import Amount, Bill, Cost, Span
from llmstack.review.result import Review

MOST_PLACES = 12
SHOWN = 12
"""Models of which a table of costs has a row before the rest is folded."""
COLUMNS = (("before", "before"), ("after", "after"), ("rollout", "rollout, once"), ("idle", "idle GPUs"))
"""Keys and titles of its columns."""


def cost_data(cost: Cost | None) -> dict[str, Any] | None:
    """The cost of a cluster in the contract: amounts as text, so that no program makes binary fractions of them."""
    if cost is None:
        return None
    return {
        "currency": cost.currency,
        **_bill(cost.total),
        "per": "month",
        "idle": _amount(cost.idle),
        "pools": [
            {
                "pool": row.pool[0],
                "resource": row.pool[1],
                "price": say_exact(row.price),
                **_bill(row.bill),
                "idle": _amount(row.idle_amount),
                "idleGpus": _span(row.idle),
            }
            for row in cost.pools
        ],
        "environments": [{"environment": name, **_bill(bill)} for name, bill in sorted(cost.environments.items())],
        "models": [
            {"environment": environment, "model": model, **_bill(bill)}
            for (environment, model), bill in sorted(cost.models.items(), key=lambda item: _place(item[0]))
        ],
        "unpriced": [{"pool": pool, "resource": resource} for pool, resource in cost.unpriced],
    }


def _place(key: tuple[str, str | None]) -> tuple[str, bool, str]:
    """By environment and model, other workloads last."""
    return key[0], key[1] is None, key[1] or ""


def _bill(bill: Bill) -> dict[str, Any]:
    return {"before": _amount(bill.before), "after": _amount(bill.after), "rollout": _amount(bill.rollout)}


def _amount(amount: Amount | None) -> str | dict[str, str | None] | None:
    if amount is None:
        return None
    if amount.least == amount.most:
        return say_exact(amount.least)
    return {"least": say_exact(amount.least), "most": None if amount.most is None else say_exact(amount.most)}


def _span(span: Span) -> int | dict[str, int | None]:
    return span[0] if span[0] == span[1] else {"least": span[0], "most": span[1]}


def say_exact(amount: Fraction) -> str:
    """`7008.00`, `901.185`: all places that there are, two at least."""
    places = next((each for each in range(2, MOST_PLACES) if not (amount * 10**each).denominator - 1), MOST_PLACES)
    whole, part = divmod(round(amount * 10**places), 10**places)
    return f"{whole}.{part:0{places}d}"


def told_costs(review: Review) -> Iterator[tuple[str, Cost]]:
    """Yield (cluster, its cost) of the clusters with prices."""
    for name, cluster in sorted(review.clusters.items()):
        if cluster.cost is not None:
            yield name.removeprefix("env:"), cluster.cost


def say_cost(cost: Cost) -> str:
    """`3,504.00 → 5,256.00 EUR per month (+1,752.00), 0.80 EUR for the rollout, 7,008.00 EUR per month idle`."""
    total, unit = cost.total, f" {cost.currency}" if cost.currency else ""
    change = _say_change(total)
    parts = [
        f"{say_amount(total.before)} → {say_amount(total.after)}{unit} per month{f' ({change})' if change else ''}"
    ]
    if total.rollout is None:
        parts.append("a rollout that never ends")
    elif total.rollout.most != 0:
        parts.append(f"{say_amount(total.rollout)}{unit} for the rollout")
    if cost.idle.most != 0:
        parts.append(f"{say_amount(cost.idle)}{unit} per month idle")
    return ", ".join(parts)


def say_unpriced(cost: Cost) -> str:
    """`, without pool old, which has no price`: what no figure counts; the empty string where all have one."""
    names = ", ".join(_say_pool(*pool) for pool in cost.unpriced)
    return f", without {names}, which {'has' if len(cost.unpriced) == 1 else 'have'} no price" if names else ""


def cost_rows(cost: Cost) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The parts of a cost as rows of a table: pools, then environments where there are several, then the models whose
    cost changes most; and the other models."""
    rows = [
        _row(_say_pool(*row.pool), row.bill, f"{_say_count(row.idle)} idle, {say_amount(row.idle_amount)}")
        for row in cost.pools
    ]
    if len(cost.environments) > 1:
        rows += [_row(name, bill) for name, bill in sorted(cost.environments.items())]
    by_change = sorted(cost.models.items(), key=lambda item: (-_change(item[1]), _place(item[0])))
    models = [_row(f"{environment}: {model or 'other workloads'}", bill) for (environment, model), bill in by_change]
    return [*rows, *models[:SHOWN]], models[SHOWN:]


def _change(bill: Bill) -> Fraction:
    """By how much a bill changes at its least or at its most."""
    ends = ((bill.before.least, bill.after.least), (bill.before.most or 0, bill.after.most or 0))
    return max(abs(Fraction(after) - before) for before, after in ends)


def _row(name: str, bill: Bill, idle: str = "") -> dict[str, str]:
    rollout = "never ends" if bill.rollout is None else say_amount(bill.rollout)
    cells = {"before": say_amount(bill.before), "after": say_amount(bill.after), "rollout": rollout, "idle": idle}
    return {"name": visible(name), **cells}


def _say_pool(pool: str | None, resource: str) -> str:
    return f"pool {pool}" if pool else resource


def _say_count(span: Span) -> str:
    if span[1] is None:
        return f"at least {span[0]}"
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"


def say_amount(amount: Amount) -> str:
    """`1,752.00`, `1,752.00 to 14,016.00`, `at least 1,752.00`: to a cent."""
    if amount.most is None:
        return f"at least {_cents(amount.least)}"
    return _cents(amount.least) if amount.least == amount.most else f"{_cents(amount.least)} to {_cents(amount.most)}"


def _cents(amount: Fraction) -> str:
    whole, part = divmod(round(amount * 100), 100)
    return f"{whole:,}.{part:02d}"


def _say_change(bill: Bill) -> str:
    """`+1,752.00`, `-1,752.00`; the empty string where nothing changes, or that depends on scalers."""
    if bill.before.least != bill.before.most or bill.after.least != bill.after.most:
        return ""
    change = bill.after.least - bill.before.least
    return f"{'+' if change > 0 else '-'}{_cents(abs(change))}" if change else ""
