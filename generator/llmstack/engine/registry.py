"""What a vLLM release can run: architectures, attention backends, methods of quantization and of speculation.

The data is `schemas/engines/registries.json`, described in the README there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct

from llmstack.engine.by_release import Stretches, held_at, is_within

_FOLDER = files("llmstack") / "schemas" / "engines"
DATA = _FOLDER / "registries.json"
TRANSFORMERS = _FOLDER / "transformers.json"
Lack = Literal["withoutLora", "withoutPipeline"]
Table = Literal["architectures", "attentionBackends", "quantizationNames", "speculation", "metrics"]

FALLBACK = "TransformersForCausalLM"
"""The class that has Transformers' own serve a model."""
LAST_ASKED = 103
"""The largest compute capability (103 is 10.3) of which the tables of backends speak."""


class Traits(Struct, frozen=True):
    """What an attention backend says of itself, None where the release does not say: whether it is for latent
    attention, of which compute capabilities (80 is 8.0) it is, which types of keys and values and of numbers it reads,
    of one of which sizes a block has to be a multiple, and which sizes heads have."""

    latent: bool | None = None
    capabilities: tuple[int, ...] | None = None
    kv_types: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    blocks: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None


@cache
def _tables() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(DATA.read_bytes())
    return data


def releases() -> tuple[str, ...]:
    """The releases whose tables are at hand, oldest first."""
    return tuple(_tables()["releases"])


@cache
def has_architecture(name: str, release: str) -> bool:
    """Whether the registry of one of `releases()` has the architecture."""
    return is_within(_tables()["architectures"].get(name), release)


@cache
def has_backend(name: str, release: str) -> bool:
    """Whether one of `releases()` knows the attention backend."""
    return is_within(_tables()["attentionBackends"].get(name), release)


def backends(release: str) -> tuple[str, ...]:
    """The attention backends that one of `releases()` knows."""
    return tuple(name for name in _tables()["attentionBackends"] if has_backend(name, release))


def first_with(architecture: str) -> str | None:
    """The first of `releases()` whose registry has the architecture; None for one that none has."""
    stretches: Stretches | None = _tables()["architectures"].get(architecture)
    return stretches[0][0] if stretches else None


def last_with(architecture: str) -> str | None:
    """The last of `releases()` whose registry has the architecture; None where it is there still, or was never."""
    stretches: Stretches | None = _tables()["architectures"].get(architecture)
    return stretches[-1][1] if stretches else None


def may_fall_back(architecture: str, release: str) -> bool:
    """Whether Transformers' own class may serve an architecture that the release's registry does not have: some release
    has it served so, and this one can do it (`_try_resolve_transformers`, vllm/model_executor/models/registry.py)."""
    return bool(_tables()["byTransformers"].get(architecture)) and has_architecture(FALLBACK, release)


@cache
def _of_transformers() -> frozenset[str]:
    return frozenset(json.loads(TRANSFORMERS.read_bytes())["architectures"])


def is_unheard_of(architecture: str) -> bool:
    """Whether neither a release of vLLM nor Transformers has an architecture that generates text; of others nobody
    knows."""
    generates = architecture.endswith(("ForCausalLM", "ForConditionalGeneration"))
    return generates and first_with(architecture) is None and architecture not in _of_transformers()


def lacks_everywhere(table: Lack, architecture: str, among: Collection[str]) -> bool:
    """Whether the class of an architecture lacks LoRA, or pipelines, in each of these releases, for certain."""
    return bool(among) and all(is_within(_tables()[table].get(architecture), release) for release in among)


def first_without_lack(table: Lack, architecture: str, among: Collection[str]) -> str | None:
    """The first release after these that has the architecture without the lack; None for none."""
    order = releases()
    later = order[max(order.index(release) for release in among) + 1 :]
    return next((each for each in later if not is_within(_tables()[table].get(architecture), each)), None)


def is_method(name: str) -> bool:
    """Whether any release has a method of quantization of this name."""
    return name in _tables()["quantizationNames"]


def has_method(name: str, release: str) -> bool:
    """Whether one of `releases()` has the method of quantization, plugins aside."""
    return is_within(_tables()["quantizationNames"].get(name), release)


def is_on_rocm(method: str, release: str) -> bool:
    """Whether one of `releases()` serves the method of quantization on each card of AMD's."""
    return is_within(_tables()["rocmQuantization"].get(method), release)


def has_speculation(method: str, release: str) -> bool:
    """Whether one of `releases()` knows the method of speculative decoding by this name."""
    return is_within(_tables()["speculation"].get(method), release)


def speculation(release: str) -> tuple[str, ...]:
    """The methods of speculative decoding that one of `releases()` knows."""
    return tuple(name for name in _tables()["speculation"] if has_speculation(name, release))


def is_metric(name: str) -> bool:
    """Whether any release has a metric of this name, without the suffixes of its exported form."""
    return name in _tables()["metrics"]


def has_metric(name: str, release: str) -> bool:
    """Whether one of `releases()` has the metric."""
    return is_within(_tables()["metrics"].get(name), release)


def metrics(release: str) -> tuple[str, ...]:
    """The metrics of one of `releases()`."""
    return tuple(name for name in _tables()["metrics"] if has_metric(name, release))


def metric_kind(name: str, release: str) -> str | None:
    """Whether a metric of one of `releases()` is a histogram, a counter or a gauge, by the name that its sources give
    it; None where there is none such."""
    kind: str | None = _at("metricKinds", name, release)
    return kind


def metric_span(name: str) -> tuple[str | None, str | None]:
    """The first and the last of `releases()` that has a metric; None for the last where it is there still."""
    stretches: Stretches = _tables()["metrics"][name]
    return stretches[0][0], stretches[-1][1]


def names_between(table: Table, before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a table that go from one of `releases()` to another, and those that come."""
    known: Mapping[str, Stretches] = _tables()[table]
    had = {name for name, stretches in known.items() if is_within(stretches, before)}
    has = {name for name, stretches in known.items() if is_within(stretches, after)}
    return tuple(sorted(had - has)), tuple(sorted(has - had))


def backend_traits(backend: str, release: str) -> Traits:
    """What an attention backend of one of `releases()` says of itself."""
    found = _at("backendTraits", backend, release) or {}
    listed = (found.get(key) for key in ("capabilities", "kvTypes", "types", "blocks", "heads"))
    return Traits(found.get("latent"), *(None if each is None else tuple(each) for each in listed))


def activation_types(method: str, among: Collection[str]) -> frozenset[str]:
    """The types that activations may have under a method of quantization in any of these releases; none where no
    release says."""
    return frozenset(each for release in among for each in _at("activationTypes", method, release) or ())


def least_capability(method: str, among: Collection[str]) -> int | None:
    """The least compute capability (75 is 7.5) that a method of quantization wants in any of these releases; None where
    it is in none of them, or unknown."""
    found = [least for release in among if isinstance(least := _at("quantization", method, release), int)]
    return min(found) if found else None


@cache
def config_class(flag: str, release: str) -> str | None:
    """The class that reads the JSON of a flag: `KVTransferConfig` that of `--kv-transfer-config`; else None."""
    name = flag[2:].replace("-", "")
    return next((each for each in _config_classes() if each.lower() == name and config_fields(each, release)), None)


@cache
def _config_classes() -> frozenset[str]:
    """The classes of settings of any release."""
    return frozenset(key.partition(".")[0] for key in _tables()["configFields"])


@cache
def config_fields(owner: str, release: str) -> frozenset[str]:
    """The fields of a class of settings in one of `releases()`; none where it is not read by pydantic there."""
    keys = (key for key in _tables()["configFields"] if key.startswith(f"{owner}."))
    return frozenset(key.partition(".")[2] for key in keys if _at("configFields", key, release) is not None)


@cache
def config_field(owner: str, field: str, release: str) -> Mapping[str, Any] | None:
    """What a field may be: `choices`, bounds (`ge`, `gt`, `le`, `lt`), the class `of` it, and the same of its `items`,
    or of its `keys` and `values`; None where there is none."""
    found: Mapping[str, Any] | None = _at("configFields", f"{owner}.{field}", release)
    return found if found is None else _named(found, release)


def _named(facts: Mapping[str, Any], release: str) -> Mapping[str, Any]:
    """The facts of a field, with the names of the table that they lead to among the choices."""
    inner = {key: _named(value, release) for key, value in facts.items() if isinstance(value, dict)}
    if "from" not in facts:
        return {**facts, **inner}
    names = [name for name, stretches in _tables()[facts["from"]].items() if is_within(stretches, release)]
    return {**facts, **inner, "choices": [*sorted(names), *facts.get("choices", ())]}


def is_strict(owner: str, release: str) -> bool:
    """Whether a class of settings refuses keys that it does not have."""
    return is_within(_tables()["strictConfigs"].get(owner), release)


def registered(flag: str, release: str) -> frozenset[str]:
    """The names that one of `releases()` has registered for a flag, plugins aside; none where it says none."""
    return frozenset(_at("registered", flag, release) or ())


def refuses(sentence: str, release: str) -> bool:
    """Whether a piece of an error stands in the sources of one of `releases()` (`exact.together`)."""
    return is_within(_tables()["sentences"].get(sentence), release)


def variable(name: str, release: str) -> Mapping[str, Any]:
    """What a variable of the environment may be in one of `releases()`: `choices` (`folded` where case does not
    matter), or a `number`; empty where any text does, or nobody can say."""
    found: Mapping[str, Any] = _at("variables", name, release) or {}
    return found


def methods(release: str) -> frozenset[str]:
    """The methods of quantization that one of `releases()` has, plugins aside."""
    return frozenset(name for name in _tables()["quantizationNames"] if has_method(name, release))


@cache
def _at(table: str, member: str, release: str) -> Any:
    return held_at(_tables(), table, member, release)
