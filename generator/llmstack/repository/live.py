"""Objects of a cluster beside manifests: said in the manifest's words, so that what the API server filled in is no
difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from llmstack.adopt.holds import undefaulted
from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.stored import stored_template
from llmstack.kubernetes.stream import Item
from llmstack.kubernetes.workloads import WORKLOADS

Key = TypeVar("Key")

_TEMPLATE = ("spec", "template")


def as_written(before: Mapping[Key, Item], after: Mapping[Key, Item]) -> tuple[dict[Key, Item], dict[Key, Item]]:
    """Both sides, a live object in the words of the manifest on the other side.

    What a manifest leaves out stays as it is when it is applied, replicas that a scaler gives among it. Two live
    objects are compared as they are.
    """
    old, new = dict(before), dict(after)
    for key in before.keys() & after.keys():
        if before[key].is_live != after[key].is_live:
            live, written = (old, new) if before[key].is_live else (new, old)
            held = _with_replicas(written[key].object, live[key].object)
            said = _said(live[key].object, held)
            live[key] = replace(live[key], object=in_words_of(held, said))
            written[key] = replace(written[key], object=held)
    return old, new


def _with_replicas(written: Object, live: Object) -> Object:
    running = value_at(live, "spec", "replicas")
    kind = str(written.get("kind"))
    scales = kind in WORKLOADS and WORKLOADS[kind].scales
    if not scales or running is None or value_at(written, "spec", "replicas") is not None:
        return written
    return {**written, "spec": {**(written.get("spec") or {}), "replicas": running}}


def in_words_of(written: Object, running: Object) -> Object:
    """An object with its pod template in the words of another's, wherever the API server stores the same."""
    ours, theirs = value_at(written, *_TEMPLATE), value_at(running, *_TEMPLATE)
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return running
    template = undefaulted(ours, theirs, stored_template(ours), stored_template(theirs))
    return {**running, "spec": {**running["spec"], "template": template}}


def _said(live: Any, written: Any, route: tuple[str, ...] = ()) -> Any:
    """What a live object says of what the written one does, its pod template apart."""
    if route == _TEMPLATE:
        return live
    if isinstance(live, Mapping) and isinstance(written, Mapping):
        return {key: _said(value, written[key], (*route, key)) for key, value in live.items() if key in written}
    if isinstance(live, list) and isinstance(written, list) and len(live) == len(written):
        return [_said(one, other, (*route, "*")) for one, other in zip(live, written, strict=True)]
    return live
