"""Every place of a values file where a secret stands for all to see, whether or not it can be migrated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.finding import Route
from llmstack.secrecy.words import argument_secrets, holds_token, is_secret_value

_TYPED = frozenset(("vllmApiKey", "hf_token", "credentials"))


def secret_routes(data: Any, route: Route = ()) -> Iterator[Route]:
    """Yield the routes of all values that are secrets, or hold one."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _below(key, value, data, (*route, key))
    elif isinstance(data, list):
        if data and not any(isinstance(item, (dict, list)) for item in data):
            yield from ((*route, index) for index, _ in argument_secrets([str(item) for item in data]))
        for index, item in enumerate(data):
            yield from _below("", item, {}, (*route, index))


def _below(key: str, value: Any, holder: dict[str, Any], route: Route) -> Iterator[Route]:
    if isinstance(value, (dict, list)):
        secret = holder.get("kind") == "Secret" and key in ("data", "stringData")
        yield from _all(value, route) if secret else secret_routes(value, route)
    elif value not in (None, "") and (key in _TYPED or (key == "value" and {*route[:-1]} & _TYPED)):
        yield route
    elif isinstance(value, str):
        name = holder.get("name") if key == "value" else key
        if is_secret_value(name if isinstance(name, str) else "", value) or holds_token(value):
            yield route


def _all(value: Any, route: Route) -> Iterator[Route]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, (dict, list)):
            yield from _all(item, (*route, key))
        else:
            yield (*route, key)
