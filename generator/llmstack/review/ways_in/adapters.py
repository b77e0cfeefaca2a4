"""LoRA adapters that a controller loads into running engines, and the ids that clients ask for them by.

vllm-project/production-stack, operator/internal/controller/loraadapter_controller.go: each LoraAdapter is loaded as
`adapterName` into the pods whose label `model` is its `baseModel`, as they become ready; of one that is deleted the
adapter is unloaded. vLLM takes none without `--enable-lora`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from llmstack.engine.settings import is_on
from llmstack.kubernetes.pods import Identity, Object, identity_of, told, value_at
from llmstack.kubernetes.replicas import component_of
from llmstack.review.facts import names_of
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import station_of
from llmstack.review.ways_in.way import Station

_CONTROLLER = "lora-controller"
_Sides = tuple[Mapping[Identity, Backend], Mapping[Identity, Backend]]


def lost_adapters(
    before: Sequence[Object], after: Sequence[Object], backends: _Sides, moved_from: Mapping[str, str]
) -> Iterator[Break]:
    """Yield the adapters that clients no longer get by their id; `backends` are those of both sides, `moved_from` the
    former name of a model by its name of now."""
    had, has = _adapters(before), _adapters(after)
    if not had:
        return
    kept = {_id(each) for each in has.values() if _engines(each, backends[1])}
    kept |= {id for engine in backends[1].values() for id in engine.served}
    for identity, adapter in had.items():
        id, engines = _id(adapter), _engines(adapter, backends[0])
        if id is None or id in kept or not engines:
            continue
        why = _why(adapter, has.get(identity), backends[1], moved_from)
        if why is not None:
            message = f"clients that ask for model `{id}` get an error {why}"
            way = (station_of(engines[0]), Station("model", id))
            advice = "Let callers know, or keep the adapter until every caller has moved."
            yield Break(told(identity), message, advice, stations=way)
    yield from _unattended(before, after, has)


def _why(
    old: Object, new: Object | None, engines: Mapping[Identity, Backend], moved_from: Mapping[str, str]
) -> str | None:
    """Since when an adapter is not served, and why; None where its model goes too, or says so itself."""
    base = value_at(old, "spec", "baseModel")
    is_there = any(engine.labels.get("model") == base for engine in engines.values())
    if new is None or _id(new) != _id(old):
        now = "is gone" if new is None else f"is `{_id(new)}` now"
        since = "from now on" if new is None else "from each engine that starts from now on"
        return f"{since}: its LoraAdapter {now}" if is_there else None
    other = value_at(new, "spec", "baseModel")
    if other != base:
        return f"from now on: its LoraAdapter is of `{other}` now, of which no engine takes adapters"
    renamed = any(base in names_of(engine.model, moved_from) for engine in engines.values())
    return f"from now on: its LoraAdapter is of `{base}`, which has another name" if renamed and not is_there else None


def _unattended(before: Iterable[Object], after: Iterable[Object], left: Mapping[Identity, Object]) -> Iterator[Break]:
    """The controller that goes while adapters stay."""
    if not left or any(component_of(obj) == _CONTROLLER for obj in after):
        return
    gone = [obj for obj in before if obj.get("kind") == "Deployment" and component_of(obj) == _CONTROLLER]
    if gone:
        names = ", ".join(f"`{_id(each)}`" for each in left.values())
        message = f"nothing loads LoRA adapters into engines that start from now on: {names}"
        advice = "Keep the controller, unless another one is in the cluster."
        yield Break(told(identity_of(gone[0])), message, advice, milder=True)


def _adapters(objects: Iterable[Object]) -> dict[Identity, Object]:
    return {identity_of(obj): obj for obj in objects if obj.get("kind") == "LoraAdapter"}


def _id(adapter: Object) -> str | None:
    name = value_at(adapter, "spec", "adapterSource", "adapterName")
    return str(name) if name else None


def _engines(adapter: Object, backends: Mapping[Identity, Backend]) -> list[Backend]:
    """Those that have it loaded."""
    base = value_at(adapter, "spec", "baseModel")
    of_base = [engine for engine in backends.values() if engine.labels.get("model") == base and not engine.is_router]
    return [engine for engine in of_base if is_on(engine.flags, "--enable-lora")]
