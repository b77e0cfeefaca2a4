"""A host of the Ingress or of a route is none that the API takes.

A host is a lower-case DNS name, with `*.` before it at most: no scheme, port or path, no upper case, no `${…}` that
something is to fill in later, and an Ingress takes no IP address (ValidateIngressSpec, k8s.io/kubernetes
pkg/apis/networking/validation; the pattern of Hostname, gateway.networking.k8s.io). One such host, and nothing of the
router's unit is applied.

Fix: write the bare name; leave `host` out for any.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.names import LABEL

RULE = Declaration("bad-host", Severity.ERROR, milder=Severity.WARNING)

_HOST = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*")
_LONGEST = 253


def run(subject: Subject) -> Iterator[Problem]:
    router = subject.stack.router_spec
    if not router.enable_router:
        return
    at: Route = ("routerSpec", "ingress")
    if router.ingress.enabled:
        for number, host in enumerate(router.ingress.hosts or []):
            yield from _check((*at, "hosts", number, "host"), host.host)
        for number, section in enumerate(router.ingress.tls or []):
            hosts = section.get("hosts")
            for index, name in enumerate(hosts if isinstance(hosts, list) else []):
                yield from _check((*at, "tls", number, "hosts", index), name)
    for key, route in (router.route or {}).items():
        for index, name in enumerate(route.hostnames or []) if route.enabled else ():
            yield from _check(("routerSpec", "route", key, "hostnames", index), name, gateway=True)


def _check(route: Route, host: object, *, gateway: bool = False) -> Iterator[Problem]:
    if not isinstance(host, str) or not host:
        return
    if _is_address(host):
        # The pattern of a route's hostname lets an address through; no gateway serves it.
        yield Problem(f"`{host}` is an IP address, and a host is a DNS name", route, _help(host), milder=gateway)
    elif _HOST.fullmatch(host) is None or len(host) > _LONGEST:
        yield Problem(f"`{host}` is not a host: a lower-case DNS name", route, _help(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _help(host: str) -> str:
    if _is_address(host):
        return "leave it out: requests for every host then match"
    if "$" in host or "{{" in host:
        return "nothing fills it in: write the name, for each environment in its own file"
    bare = re.sub(r"^[a-z]+://", "", host.lower()).partition("/")[0].partition(":")[0]
    return f"write `{bare}`" if bare != host and _HOST.fullmatch(bare) else "write a name such as `llm.example.com`"
