"""The table of components: every builder, in the order their units are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from llmstack.model.stack import Stack
from llmstack.objects import (
    autoscaling,
    cache_server,
    engine,
    external_secrets,
    extra,
    gateway,
    ingress,
    lora,
    monitoring,
    router,
    storage,
)
from llmstack.objects import stack as whole_stack
from llmstack.objects.placed import Placed

COMPONENTS: Mapping[str, Callable[[Stack], Iterator[Placed]]] = {
    "stack": whole_stack.build,
    "storage": storage.build,
    "engine": engine.build,
    "router": router.build,
    "ingress": ingress.build,
    "gateway": gateway.build,
    "autoscaling": autoscaling.build,
    "cache-server": cache_server.build,
    "monitoring": monitoring.build,
    "lora": lora.build,
    "extra": extra.build,
}


def build_all(stack: Stack) -> Iterator[Placed]:
    """Yield every object of one environment, with its unit and slot."""
    built = [placed for build in COMPONENTS.values() for placed in build(stack)]
    yield from built
    yield from external_secrets.build(stack, built)
