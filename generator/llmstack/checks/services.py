"""The Services of an environment, and which of them a host that somebody typed is meant to be.

How names resolve: kubernetes.io, "DNS for Services and Pods". `name`, `name.namespace` and
`name.namespace.svc.cluster.local` are one Service; `pod.name…` is a pod of a headless one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct

from llmstack.checks.subject import Subject

Ports = frozenset[int] | None
"""Ports that are open at a name; None where that cannot be known."""

NAMED_PORTS = 16
"""How many ports a message names."""
DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_ADDRESS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([A-Za-z0-9_.-]+)(?::(\d{1,5}))?(?:[/?#].*)?")


class Address(Struct, frozen=True):
    """Where a text says to connect to; `port` None where it says none."""

    scheme: str
    host: str
    port: int | None


class Service(Struct, frozen=True):
    """What a host names in the cluster. `namespace` None: that of whoever asks."""

    name: str
    namespace: str | None


def read_address(text: str) -> Address | None:
    """`lm://host:81`, `host:81/path`, `host` in parts; None for what is no such thing."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return Address((scheme or "").lower(), host, int(port) if port else DEFAULT_PORTS.get((scheme or "").lower()))


def read_host(host: str, namespace: str) -> Service | None:
    """The Service that a host names for a pod in `namespace`; None for addresses, `localhost`, names of elsewhere.

    A name with a dot is of the cluster where it says `svc`, or ends with the namespace itself.
    """
    host = host.lower().removesuffix(".")
    if host == "localhost" or not _HOST.fullmatch(host) or _is_address(host):
        return None
    labels = host.split(".")
    if len(labels) == 1:
        return Service(host, None)
    if "svc" in labels[2:]:
        at = labels.index("svc", 2)
        return Service(labels[at - 2], labels[at - 1])
    return Service(labels[-2], namespace) if labels[-1] == namespace and len(labels) <= 3 else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8)
def services(subject: Subject) -> Mapping[str, Ports]:
    """The Services in the environment's namespace by name, those that operators add to our objects included."""
    found: dict[str, Ports] = {}
    for placed in subject.objects:
        object = placed.object
        if object["metadata"].get("namespace") in (None, subject.stack.gitops.namespace):
            found.update(_services(object))
    return found


def _services(object: Mapping[str, Any]) -> Iterator[tuple[str, Ports]]:
    """KubeRay makes `<cluster>-head-svc`; the LeaderWorkerSet's controller a headless Service of its name."""
    name, kind = str(object["metadata"].get("name")), object.get("kind")
    if kind == "Service":
        yield name, _ports(object.get("spec"))
    elif kind == "RayCluster":
        yield f"{name}-head-svc", None
    elif kind == "LeaderWorkerSet":
        yield name, None


def _ports(spec: Any) -> Ports:
    ports = spec.get("ports") if isinstance(spec, dict) else None
    if not isinstance(ports, list) or spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName":
        return None
    return frozenset(port["port"] for port in ports if isinstance(port, dict) and isinstance(port.get("port"), int))


def first_ports(ports: Iterable[int]) -> list[str]:
    """Ports as a message names them, `…` where there are more: each of many tensor-parallel ranks has one."""
    some = list(map(str, islice(ports, NAMED_PORTS + 1)))
    return some if len(some) <= NAMED_PORTS else [*some[:NAMED_PORTS], "…"]
