"""The engines that are built, beside those that the values make: overlays, patches and extra objects decide too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from llmstack.fit.card import Pools
from llmstack.fit.containers import Engine, find_engines
from llmstack.fit.question import Known
from llmstack.kubernetes.pods import Object
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all


class Built(Struct, frozen=True):
    """An engine as it is built, and as the values make it; None where they make none of its name."""

    engine: Engine
    made: Engine | None

    @property
    def is_of_values(self) -> bool:
        """Whether all that decides what becomes of it is as the values make it."""
        return self.made is not None and _decided(self.engine) == _decided(self.made)


def built_engines(
    stack: Stack | None, units: Collection[str], objects: Sequence[Object], known: Known
) -> Iterator[Built]:
    """Yield the engines among the objects of some units. The release of vLLM that the values state is that of the
    values' image: it is nothing to another one."""
    if stack is None:
        yield from (Built(each, None) for each in find_engines(objects, Pools.declaring(()), {}, known))
        return
    pools = Pools.of(stack)
    models = {unit for unit in units if unit.startswith("models/")}
    placed = [each for each in build_all(stack) if each.unit in models] if models else []
    made = {_name(each): each for each in find_engines([each.object for each in placed], pools, {}, known)}
    same = {each.key.name for each in find_engines(objects, pools, {}) if _image(each) == _image(made.get(_name(each)))}
    stated = {f"models/{model.name}": model.gitops.vllm_version for model in stack.models}
    workloads = ((str(each.object["metadata"]["name"]), stated.get(each.unit)) for each in placed)
    releases = {name: release for name, release in workloads if release and name in same}
    for each in find_engines(objects, pools, releases, known):
        yield Built(each, made.get(_name(each)))


def _name(engine: Engine) -> tuple[str, str, str]:
    """What it is told by, wherever its object stands: kind and name of the workload, and the container."""
    return engine.key.kind, engine.key.name, engine.key.container


def _image(engine: Engine | None) -> str | None:
    return None if engine is None else engine.served.image


def _decided(engine: Engine) -> tuple[object, ...]:
    return engine.served.image, engine.served.arguments, engine.question.variables, engine.gpus, engine.question.card
