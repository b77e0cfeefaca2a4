"""Where we leave the chart on purpose: every difference to Helm carries one of these ids, or it is a defect.

Each says which sentence of the design allows it: of section 3 ("Objects"), of section 2 ("Values", with its table of
defaults), or that a row of the values reference works as documented where the chart's template does not honour it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.parity.compare import Difference, Key
from tests.parity.departure import Departure
from tests.parity.departures_of_all import OF_ALL
from tests.parity.departures_of_lmcache import OF_LMCACHE
from tests.parity.departures_of_ray import OF_RAY
from tests.parity.meaning import Object

DEPARTURES: Sequence[Departure] = (*OF_ALL, *OF_LMCACHE, *OF_RAY)
SCRIPTS = ("-wait-for-ray-script", "-vllm-start-script")
CLUSTER_SCOPED = frozenset(("PersistentVolume", "ClusterRole", "ClusterRoleBinding"))


def explain(difference: Difference) -> Departure | None:
    """The departure that a difference is, the first that fits; None when it is unexplained."""
    return next((departure for departure in DEPARTURES if departure.explains(difference)), None)


def renamed(helm: Sequence[Object], release: str, namespace: str = "default") -> Mapping[Key, str]:
    """Objects of Helm that have another name with us: the scripts of RayClusters, which the chart names by the model
    alone, and what is not in a namespace, whose name says ours."""
    keys = [(str(object["kind"]), str(object["metadata"]["name"])) for object in helm]
    scripts = {key: f"{release}-{key[1]}" for key in keys if key[0] == "ConfigMap" and key[1].endswith(SCRIPTS)}
    return scripts | {key: f"{namespace}-{key[1]}" for key in keys if key[0] in CLUSTER_SCOPED}
