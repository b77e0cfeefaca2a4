"""`gitops.capacity[].gpu` names no card that is known, so nothing is said of the memory of engines on that pool.

`fit`, `diff` and the check `engine-memory` count with what CUDA sees of the card, which its name stands for
(docs/engine.md has the names). A pool whose `memory` is stated needs no name. A name that is like a known one is a
warning, any other a note: there are cards that nobody has published measurements of.

Fix: write the name of the card as the help has it, or `memory`, what `nvidia-smi` or a log of vLLM says of one GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.cards import CARDS, MIG_RESOURCE, card_named, cards_like
from llmstack.finding import Severity
from llmstack.model.gitops import Capacity

RULE = Declaration("unknown-card", Severity.WARNING, milder=Severity.NOTE)


def run(subject: Subject) -> Iterator[Problem]:
    yield from of_pools(subject.stack.gitops.capacity or ())


def of_pools(capacity: Sequence[Capacity]) -> Iterator[Problem]:
    """Yield a problem for each pool whose memory would be that of a card, and whose card is not known."""
    for number, pool in enumerate(capacity):
        if not pool.gpu or pool.memory or pool.resource.startswith(MIG_RESOURCE) or card_named(pool.gpu):
            continue
        near = cards_like(pool.gpu)
        message = f"`{pool.gpu}` is no known card: the memory of engines on the pool `{pool.pool}` is not judged"
        meant = f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
        help = meant if near else f"state `memory` of one GPU, or one of the known cards: {', '.join(CARDS)}"
        yield Problem(message, ("gitops", "capacity", number, "gpu"), help=help, milder=not near)
