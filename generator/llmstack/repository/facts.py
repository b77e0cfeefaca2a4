"""What the values of an environment say besides objects, as the review takes it: capacity, load times, and more."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from llmstack.fit.card import Pools
from llmstack.fit.loading import foreseen_load
from llmstack.fit.question import ask_all
from llmstack.model import gitops
from llmstack.model.gitops import EXISTING, Capacity, Existing
from llmstack.model.stack import Stack
from llmstack.model.types import seconds
from llmstack.objects.engine_storage import claim_modes
from llmstack.repository.expected import Units
from llmstack.repository.read import Reading
from llmstack.review.facts import Acknowledgement, Facts, ForeseenLoad, Pool
from llmstack.tree.flux import timeout
from llmstack.tree.sync_unit import SyncUnit
from llmstack.values.layers import Layers


def read_facts(reading: Reading | None, affected: Units) -> Facts:
    """What the values of one environment say; nothing where they are gone or have errors. `affected` are the units
    whose timeouts count."""
    if reading is None or reading.stack is None:
        return Facts()
    stack, terms = reading.stack, reading.stack.gitops
    models = stack.models
    return Facts(
        pools=pools_of(terms.capacity or ()),
        load_seconds={m.name: seconds(m.gitops.load_time) for m in models if m.name and m.gitops.load_time},
        foreseen_loads=_foreseen_loads(reading, stack),
        pool_of={m.name: m.gitops.pool for m in models if m.name and m.gitops.pool},
        acknowledgements=acknowledgements_of(terms.acknowledge or ()),
        sync_timeout_seconds=_timeouts(stack, affected),
        moved_from={m.name: m.gitops.moved_from for m in models if m.name and m.gitops.moved_from},
        currency=terms.currency,
        claim_modes={
            m.pvc_existing_claim_name: modes for m in models if m.pvc_existing_claim_name and (modes := claim_modes(m))
        },
        existing=_existing(terms.existing),
        stated_version=stated_version(terms, reading.layers),
    )


def _foreseen_loads(reading: Reading, stack: Stack) -> dict[str, ForeseenLoad]:
    """What is known of the loads that nobody has measured, by model."""
    known = reading.subject.facts if reading.subject is not None else {}
    pools = Pools.of(stack)
    models = [m for m in stack.models if m.name and not m.gitops.load_time] if pools.have_rate else []
    loads = zip(models, ask_all(stack, models, known, pools), strict=True)
    found = {model.name: foreseen_load(pools, question) for model, question in loads}
    return {name: load for name, load in found.items() if name and load is not None}


def pools_of(capacity: Iterable[Capacity]) -> tuple[Pool, ...]:
    """The declared pools as a review counts with them."""
    return tuple(
        Pool(
            each.pool,
            each.resource,
            each.count,
            each.per_node,
            dict(each.node_selector or {}),
            price=Fraction(each.price) if each.price is not None else None,
            device_classes=frozenset(filter(None, [each.device_class])),
        )
        for each in capacity
    )


def acknowledgements_of(entries: Iterable[gitops.Acknowledgement]) -> tuple[Acknowledgement, ...]:
    """The risks that are accepted, as a review reads them."""
    return tuple(Acknowledgement(each.risk, each.object, each.until, each.reason, each.up_to) for each in entries)


def stated_version(terms: gitops.Gitops, layers: Layers) -> str | None:
    """Kubernetes' version, where a file states it: the default says nothing of a cluster."""
    return terms.kubernetes_version if layers.states(("gitops", "kubernetesVersion")) else None


def _existing(stated: Existing) -> frozenset[tuple[str, str]]:
    """Kind and name of all that the cluster is said to have."""
    return frozenset((kind, name) for kind, (_, names) in EXISTING.items() for name in names(stated) or ())


def _timeouts(stack: Stack, affected: Units) -> dict[str, int]:
    """Seconds that Flux waits for each model's unit, by model."""
    if stack.gitops.sync.tool != "flux":
        return {}
    units = {unit.removeprefix("models/"): objects for unit, objects in affected.items() if unit.startswith("models/")}
    return {model: timeout(SyncUnit(f"models/{model}", "", (), tuple(objects))) for model, objects in units.items()}
