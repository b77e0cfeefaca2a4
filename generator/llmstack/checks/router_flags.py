"""What the router's extra arguments set, where a typed option could."""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.flags import split_flags
from llmstack.model.router import RouterSpec

CHARTS_ROUTER = "lmstack-router"
"""The name, in every registry, of the image that the chart runs."""


def is_own_router(router: RouterSpec) -> bool:
    """Whether the router is not the chart's: a command or arguments of one's own, or another image."""
    name = (router.repository or "").partition("@")[0].rpartition("/")[2]
    return bool(router.command) or router.args is not None or name != CHARTS_ROUTER


def extra_flags(router: RouterSpec) -> frozenset[str]:
    """The names of the flags among `routerSpec.extraArgs`."""
    return frozenset(flag.name for flag in split_flags(router.extra_args or ()))


def extra_values(router: RouterSpec) -> Mapping[str, tuple[str, int]]:
    """The value of each flag among `routerSpec.extraArgs` and the index of the flag; the last wins, as in the
    router."""
    return {flag.name: (flag.value or "", flag.index) for flag in split_flags(router.extra_args or ())}


def routing_logic(router: RouterSpec) -> str:
    """How the router chooses: what extraArgs say goes before `routingLogic`."""
    stated = extra_values(router).get("--routing-logic")
    return stated[0] if stated else router.routing_logic or "roundrobin"
