"""A model names a pool of GPUs that is not declared.

`modelSpec[].gitops.pool` refers to `gitops.capacity[].pool`; a name that is not there is taken for no pool,
and the review cannot say whether a rollout fits.

Fix: correct the name, or declare the pool in `gitops.capacity`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("unknown-pool", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    pools: list[str] = []
    for number, capacity in enumerate(subject.stack.gitops.capacity or []):
        if capacity.pool in pools:
            message = f"another pool has the name `{capacity.pool}`"
            yield Problem(message, ("gitops", "capacity", number, "pool"), help="give each pool a name of its own")
        pools.append(capacity.pool)
    for at, model in subject.models():
        pool = model.gitops.pool
        if pool is not None and pool not in pools:
            near = difflib.get_close_matches(pool, pools, n=1)
            help = f"did you mean `{near[0]}`?" if near else f"declared: {', '.join(pools) or 'none'} (gitops.capacity)"
            yield Problem(f"`{pool}` is not a pool of gitops.capacity", (*at, "gitops", "pool"), help=help)
