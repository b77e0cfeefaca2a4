"""Ports of containers and Services: each number and protocol once, each name once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llmstack.objects.pod import Items, unique

LONGEST_NAME = 15
"""Longest name of a container's port (ContainerPort in the Kubernetes API: IANA_SVC_NAME)."""


def container_ports(own: Items, extra: Sequence[dict[str, Any]] | None) -> Items:
    """The container's ports, each number and protocol once: `own`, and what `extraPorts` (Service ports) open.

    Protocols are written out where any is: Kubernetes keys the list by number and protocol.
    """
    first = {port["containerPort"]: port for port in reversed(own)}
    opened = [port for port in own if first[port["containerPort"]] is port]
    opened += _opened(opened, extra or [])
    if any(port.get("protocol") for port in opened):
        return [port | {"protocol": port.get("protocol") or "TCP"} for port in opened]
    return opened


def _opened(own: Items, extra: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a container port for each Service port whose target is not open yet.

    A target that is a name opens the Service port's number under that name. A Service port's own name may be
    too long for a container's port, or taken there: then the port has none.
    """
    taken = {(port["containerPort"], port.get("protocol") or "TCP") for port in own}
    names = {port.get("name") for port in own}
    for port in extra:
        target = port.get("targetPort", port.get("port"))
        number = target if isinstance(target, int) else port.get("port")
        name = target if isinstance(target, str) else port.get("name")
        protocol = port.get("protocol")
        if number is None or (number, protocol or "TCP") in taken or (isinstance(target, str) and name in names):
            continue
        usable = name if name and name not in names and len(name) <= LONGEST_NAME else None
        taken.add((number, protocol or "TCP"))
        names.add(usable)
        yield {"name": usable, "containerPort": number, "protocol": protocol}


def service_ports(own: Items, extra: Sequence[dict[str, Any]] | None) -> Items:
    """The Service's ports: `own` and the extra ones, each port and protocol once; an extra one wins.

    A Service of several ports names each of them: an extra one without a name gets `port-<number>`.
    """
    stated = [
        {"name": f"port-{port.get('port')}", **port, "protocol": port.get("protocol") or "TCP"} for port in extra or []
    ]
    return unique([*own, *stated], "port", "protocol") or []
