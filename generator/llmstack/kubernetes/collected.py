"""What the garbage collector takes."""

from __future__ import annotations

from llmstack.kubernetes.pods import Object, maps, value_at


def is_collected(obj: Object | None) -> bool:
    """Whether a manifest names owners by uid: no manifest can know one, and what has no owner that is there is deleted
    (kubernetes.io, "Owners and Dependents"; pkg/controller/garbagecollector, `attemptToDeleteItem`)."""
    return any(owner.get("uid") for owner in maps(value_at(obj, "metadata", "ownerReferences")))
