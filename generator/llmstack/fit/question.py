"""What is asked of one model of the values: its facts, card, release and settings, or what of them is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmstack.engine.cards import LABEL, MIG_RESOURCE, Card, card_named, card_of_memory, card_of_product
from llmstack.engine.catalogue import catalogued
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import file_name
from llmstack.engine.memory import GIB
from llmstack.engine.settings import Settings, read_settings
from llmstack.engine.support import Engine
from llmstack.flags import catalogue_for
from llmstack.flags.match import Match
from llmstack.flags.release import find_release
from llmstack.model.engine import Model
from llmstack.model.gitops import Capacity
from llmstack.model.stack import Stack
from llmstack.model.types import quantity_value
from llmstack.objects import arguments
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.placement import pool_of

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+\Z")
NVIDIA = "nvidia.com/gpu"

Known = Mapping[str, ModelFacts]
"""Facts by the path of their file below facts/: `models/meta-llama--Llama-3.1-8B-Instruct.yaml`."""


@dataclass(frozen=True, slots=True)
class Question:
    """The engine of one model. What is None is not known, and `missing` says why, a clause each."""

    model: str
    facts: ModelFacts | None
    card: Card | None
    match: Match
    settings: Settings
    missing: tuple[str, ...] = ()
    pool: str | None = None
    version: str | None = None
    """vLLM's release as the image's tag or the values name it; None where neither does."""

    @property
    def engine(self) -> Engine | None:
        """The engine, where all of it is known."""
        if self.facts is None or self.card is None or self.missing:
            return None
        return Engine(self.facts, self.card, self.match.catalogue.release.minor, self.settings)


def ask(stack: Stack, model: Model, known: Known) -> Question:
    """What is asked of a model's engine."""
    match = catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version)
    facts, pool = facts_of_model(model, known), pool_of_model(stack, model)
    card = card_of_model(model, pool)
    given = [*arguments.options(model), *arguments.extra(model)]
    settings = read_settings(given, match.catalogue, tuple(_variables(stack, model)))
    missing = tuple(_missing(model, facts, card, match))
    version = None if match.sureness == "guess" else version_of(model)
    return Question(model.name or "", facts, card, match, settings, missing, pool.pool if pool else None, version)


def version_of(model: Model) -> str | None:
    """The release in `gitops.vllmVersion`, else in the image's tag."""
    release = find_release(model.gitops.vllm_version or (model.tag or "").partition("@")[0])
    if release is None:
        return None
    return ".".join(str(number) for number in release.numbers[: 3 if release.patch_known else 2])


def facts_of_model(model: Model, known: Known) -> ModelFacts | None:
    """The facts of a model: of the file that it names, else of facts/models/, else of the shipped catalogue."""
    if model.gitops.facts:
        return known.get(model.gitops.facts.removeprefix("facts/"))
    name = hub_name(model)
    if name is None:
        return None
    return known.get(f"models/{file_name(name)}") or catalogued(name)


def hub_name(model: Model) -> str | None:
    """The name on the hub that a model is loaded by; None for a path, or an address of something else."""
    url = model.model_url or ""
    return url if HUB_NAME.match(url) else None


def pool_of_model(stack: Stack, model: Model) -> Capacity | None:
    """The declared pool whose GPUs the model takes, chosen as a review chooses it; None where none is certain."""
    capacity = stack.gitops.capacity or []
    pools = tuple(Pool(each.pool, each.resource, each.count, each.per_node, dict(each.node_selector or {}))
                  for each in capacity)  # fmt: skip
    named = {model.name: model.gitops.pool} if model.name and model.gitops.pool else {}
    terms = {"nodeSelectorTerms": list(model.node_selector_terms)} if model.node_selector_terms else None
    affinity = model.affinity or (
        {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}} if terms else {}
    )
    pod: dict[str, Any] = {"nodeSelector": model.node_selector or {}, "affinity": affinity}
    name = pool_of(pod, gpu_resource(model), model.name, Facts(pools=pools, pool_of=named))
    return next((each for each in capacity if each.pool == name), None)


def gpu_resource(model: Model) -> str:
    """The resource that a model's GPUs are counted as; NVIDIA's where `resources` names none."""
    if not model.resources:
        return model.request_gpu_type or NVIDIA
    stated = {**(model.resources.get("requests") or {}), **(model.resources.get("limits") or {})}
    return next((key for key in stated if key.endswith("/gpu") or key.startswith(MIG_RESOURCE)), NVIDIA)


def card_of_model(model: Model, pool: Capacity | None) -> Card | None:
    """The card that a model's pods get: that of its pool, else of the product in its node selector."""
    resource = gpu_resource(model)
    if resource.startswith(MIG_RESOURCE):
        return Card(f"MIG {resource.removeprefix(MIG_RESOURCE)}", None, part=True)
    labels = (pool.node_selector or {}) if pool else {}
    product = (model.node_selector or {}).get(LABEL) or labels.get(LABEL)
    card = card_of_product(product) if product else None
    if pool is None:
        return card
    card = card_named(pool.gpu) if pool.gpu else card
    total = quantity_value(pool.memory) if pool.memory else None
    if total:
        card = replace(card, memory=total / GIB, stated=True) if card else card_of_memory(round(total / GIB, 2))
    return card


def _missing(model: Model, facts: ModelFacts | None, card: Card | None, match: Match) -> Iterator[str]:
    if facts is None:
        name = hub_name(model)
        yield (
            f"there are no facts of {name}"
            if name
            else f"`{model.model_url}` is no name on a hub, and leads to no facts"
        )
    if card is None:
        yield "nothing says which GPU it runs on"
    if match.sureness == "guess":
        yield f"its vLLM release is not known: {match.reason}"
    if model.uses_ray or model.uses_lws:
        yield "engines over several pods are not measured"
    if model.request_gpu_mem or model.request_gpu_mem_percentage:
        yield "a share of a GPU's memory is not measured"


def _variables(stack: Stack, model: Model) -> Iterator[str]:
    """Names of the environment variables that people give the engine."""
    for entry in (*(stack.engine.env or ()), *(model.env or ())):
        yield str(entry.get("name"))
    yield from stack.engine.configs or {}
