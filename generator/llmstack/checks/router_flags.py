"""What the router's extra arguments set, where a typed option could."""

from __future__ import annotations

from llmstack.flags import split_flags
from llmstack.model.router import RouterSpec


def extra_flags(router: RouterSpec) -> frozenset[str]:
    """The names of the flags among `routerSpec.extraArgs`."""
    return frozenset(flag.name for flag in split_flags(router.extra_args or ()))
