"""Which card a model's pods get: that of the pool whose GPUs they take, else of the product in a node selector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.engine.cards import LABEL, MIG_RESOURCE, Card, card_named, card_of_memory, card_of_product, slice_of
from llmstack.engine.memory import GIB
from llmstack.kubernetes.accelerators import NVIDIA_GPU, is_accelerator
from llmstack.kubernetes.quantities import quantity
from llmstack.model.gitops import Capacity
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects.engine_pod import placement
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.placement import pool_of

AMD_GPU = "amd.com/gpu"


class Pools(Struct, frozen=True):
    """The declared pools of an environment, as the values have them and as a review counts with them."""

    declared: tuple[Capacity, ...]
    facts: Facts
    chosen: dict[tuple[str, ...], tuple[Capacity | None, Card | None]] = field(default_factory=dict)
    """What was chosen already, by what of a model it depends on: most of an environment choose alike."""

    @property
    def have_rate(self) -> bool:
        """Whether one of them says how fast a pod reads weights."""
        return any(each.read_rate for each in self.declared)

    @staticmethod
    def of(stack: Stack) -> Pools:
        """The pools of a stack."""
        return Pools.declaring(stack.gitops.capacity or ())

    @staticmethod
    def declaring(capacity: Sequence[Capacity]) -> Pools:
        """The pools that are declared."""
        declared = tuple(capacity)
        counted = (Pool(each.pool, each.resource, each.count, each.per_node, dict(each.node_selector or {}))
                   for each in declared)  # fmt: skip
        return Pools(declared, Facts(pools=tuple(counted)))


def pool_and_card(stack: Stack, pools: Pools, model: Model) -> tuple[Capacity | None, Card | None]:
    """The declared pool whose GPUs the model takes, chosen as a review chooses it, and the card that its pods get; None
    where none is certain."""
    resource, named = gpu_resource(model), (model.name and model.gitops.pool) or ""
    own = (model.node_selector, model.affinity, model.node_selector_terms, model.node_name)
    key = (resource, named, repr(own))
    if key not in pools.chosen:
        pool = _pool(stack, pools, model, resource, named)
        pools.chosen[key] = pool, card_on(resource, node_labels(stack, model), pool)
    return pools.chosen[key]


def _pool(stack: Stack, pools: Pools, model: Model, resource: str, named: str) -> Capacity | None:
    if not pools.declared:
        return None
    facts = replace(pools.facts, pool_of={model.name: named}) if model.name and named else pools.facts
    name = pool_of(_pod(stack, model), resource, model.name, facts)
    return next((each for each in pools.declared if each.pool == name), None)


def _pod(stack: Stack, model: Model) -> Mapping[str, Any]:
    """The part of a model's pods that chooses nodes; what of it is not well formed is left out."""
    terms = _at(
        placement(stack, model), "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
    )
    found = [{"matchExpressions": _expressions(term)} for term in terms or () if isinstance(term, dict)]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": found}}
    return {"nodeSelector": node_labels(stack, model), "affinity": {"nodeAffinity": required} if found else {}}


def node_labels(stack: Stack, model: Model) -> Mapping[str, str]:
    """The labels that a model's nodes must have: its own word on it, else that on all engines."""
    own = model.node_selector
    return (stack.engine.node_selector if own is None else own) or {}


def _at(block: Any, *keys: str) -> Any:
    """What a raw block has at a path of keys, where it is a list; None otherwise."""
    for key in keys:
        block = block.get(key) if isinstance(block, dict) else None
    return block if isinstance(block, list) else None


def _expressions(term: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = term.get("matchExpressions")
    well_formed = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return [each for each in well_formed if isinstance(each.get("values"), list | None)]


def gpu_resource(model: Model) -> str:
    """The resource that a model's GPUs are counted as; NVIDIA's where `resources` names none."""
    if not model.resources:
        return model.request_gpu_type or NVIDIA_GPU
    return next(iter(_accelerators(model.resources)), NVIDIA_GPU)


def asks_for_gpus(model: Model) -> bool:
    """Whether one pod of the model asks for GPUs, or slices."""
    if not model.resources:
        return bool(quantity(model.gpu_count))
    return any(quantity(count) for count in _accelerators(model.resources).values())


def _accelerators(resources: Mapping[str, Any]) -> dict[str, Any]:
    """The accelerators of a raw resources block, which nobody has checked yet."""
    stated: dict[Any, Any] = {}
    for part in ("requests", "limits"):
        found = resources.get(part)
        stated |= found if isinstance(found, dict) else {}
    return {key: value for key, value in stated.items() if isinstance(key, str) and is_accelerator(key)}


def card_on(resource: str, nodes: Mapping[str, str], pool: Capacity | None) -> Card | None:
    """The card behind a resource on nodes of these labels, or of a pool."""
    if resource.startswith(MIG_RESOURCE):
        profile = resource.removeprefix(MIG_RESOURCE)
        return slice_of(f"MIG {profile}", profile)
    labels = (pool.node_selector or {}) if pool else {}
    product = nodes.get(LABEL) or labels.get(LABEL)
    card = card_of_product(product) if product else None
    if pool is None:
        return card
    card = card_named(pool.gpu) if pool.gpu else card
    total = quantity(pool.memory) if pool.memory else None
    return _with_memory(card, float(total / GIB), resource) if total else card


def _with_memory(card: Card | None, memory: float, resource: str) -> Card | None:
    """A card with the memory that the values state; of one that is not named, the resource tells the maker."""
    if card is not None:
        return replace(card, memory=memory, stated=True)
    if resource not in (NVIDIA_GPU, AMD_GPU):
        return None
    return replace(card_of_memory(round(memory, 2)), maker="amd" if resource == AMD_GPU else "nvidia")
