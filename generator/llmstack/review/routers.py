"""Routers of the vLLM production stack that get another release: which, and what that brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.engine.router import compare_routers
from llmstack.engine.upgrade import Item
from llmstack.kubernetes.images import image_parts
from llmstack.kubernetes.pods import maps, pod_templates
from llmstack.review.arguments import last_flags
from llmstack.review.change import ObjectChange

IMAGE = "lmstack-router"
"""The name of its image, in every registry."""


class RouterChange(Struct, frozen=True):
    """A router under another tag, at `Kind/name`, and what is known to change with it."""

    object: str
    before: str
    after: str
    items: tuple[Item, ...]


def router_changes(changes: Iterable[ObjectChange]) -> Iterator[RouterChange]:
    """Yield each router of which something is known to change with its tag."""
    for change in changes:
        old, new = (_routers(each) if each else {} for each in (change.before, change.after))
        for name, container in new.items():
            before, after = (image_parts(str(side.get("image") or ""))[1] for side in (old.get(name, {}), container))
            items = tuple(_compare(before, after, container)) if before and before != after else ()
            if items:
                yield RouterChange(change.key, before, after, items)


def _compare(before: str, after: str, container: Mapping[str, Any]) -> Iterator[Item]:
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    flags = last_flags([str(word) for word in words])
    return compare_routers(before, after, flags.keys(), flags.get("--routing-logic", ""))


def _routers(workload: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The containers of a workload that run the router, by name."""
    templates = (template for _, template in pod_templates(dict(workload)))
    containers = (each for template in templates for each in maps((template.get("spec") or {}).get("containers")))
    return {
        str(each.get("name")): each
        for each in containers
        if image_parts(str(each.get("image") or ""))[0].rpartition("/")[2] == IMAGE
    }
