"""How many nodes, or pods, may mount a volume at once, by the access modes of its claim.

Kubernetes documentation, "Persistent Volumes", Access Modes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

DEFAULT: tuple[Literal["ReadWriteOnce"]] = ("ReadWriteOnce",)
"""What a claim of ours asks for where nothing is said."""

_ONE_POD = "ReadWriteOncePod"
_EXCLUSIVE = frozenset((*DEFAULT, _ONE_POD))


def mounts_on_one_node(modes: Iterable[str]) -> bool:
    """Whether no mode lets pods on two nodes mount the volume; false where no mode is known."""
    stated = frozenset(modes)
    return bool(stated) and stated <= _EXCLUSIVE


def mounts_in_one_pod(modes: Iterable[str]) -> bool:
    """Whether no mode lets two pods mount the volume; false where no mode is known."""
    return frozenset(modes) == {_ONE_POD}
