"""How long an engine takes to load at least: the bytes of its weights over what a pod reads in a second.

What comes on top, compiling and capturing graphs, is not computed: nobody has published enough of it to bear out a
number. So this is a bound, and what ends sooner is too short for certain.
"""

from __future__ import annotations

import math

from llmstack.fit.card import Pools, pool_of_model
from llmstack.fit.question import Known, facts_of_model
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model
from llmstack.model.stack import Stack


def least_load(stack: Stack, pools: Pools, model: Model, known: Known) -> int | None:
    """Seconds that reading the weights takes at least; None where their size or the pool's `readRate` is not known."""
    if not any(each.read_rate for each in pools.declared):
        return None
    pool, facts = pool_of_model(stack, pools, model), facts_of_model(model, known)
    rate = quantity(pool.read_rate) if pool else None
    if not rate or facts is None or facts.weights is None:
        return None
    return math.ceil((facts.weights.bytes - facts.weights.groups.draft) / rate)
