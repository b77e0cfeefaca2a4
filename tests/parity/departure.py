"""One way in which we differ from the chart on purpose, and what its conditions and paths are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.parity.compare import Difference

Condition = Callable[[Difference], bool]


@dataclass(frozen=True)
class Departure:
    """One way in which we differ on purpose."""

    id: str
    allowed_by: str
    kinds: str
    path: str
    """Patterns (of `re.fullmatch`) of the kinds of objects and of the paths in them."""
    holds: Condition = lambda difference: True

    def explains(self, difference: Difference) -> bool:
        return (
            re.fullmatch(self.kinds, difference.kind) is not None
            and re.fullmatch(self.path, difference.path) is not None
            and self.holds(difference)
        )


def added(difference: Difference) -> bool:
    return difference.helm is None


def gone(difference: Difference) -> bool:
    return difference.ours is None


def becomes(helm: object, ours: object) -> Condition:
    wanted = tuple(None if side is None else json.dumps(side) for side in (helm, ours))
    return lambda difference: (difference.helm, difference.ours) == wanted


POD = r"(spec\.template|spec\.headGroupSpec\.template|spec\.workerGroupSpecs\.template|spec\.leaderWorkerTemplate\.\w+)"
ENGINE = rf"{POD}\.containers\[vllm[a-z-]*\]"
ROUTER = rf"{POD}\.containers\[router-container\]"
CACHE = rf"{POD}\.containers\[lmcache-server\]"
STANDARD = r"app\.kubernetes\.io/(name|instance|component|part-of)"
SELECTOR = r"spec\.(selector|selector\.matchLabels)"
WORKLOADS = r"Deployment|RayCluster|LeaderWorkerSet"
