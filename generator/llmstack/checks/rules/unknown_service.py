"""A host that somebody typed is no Service of the environment, or the Service has no such port.

Names and ports that one component tells another are derived: the cache server's URL, the LMCache controller's,
the receiver of a disaggregated prefill. A name that is typed instead (`nixlPeerHost`, `LMCACHE_REMOTE_URL`,
`LMCACHE_CONTROLLER_PULL_URL`, `kv_ip` of `--kv-transfer-config`, or any text with `…-engine-service`,
`…-router-service`, `…-cache-server-service`) goes wrong when the release, the model or the namespace is renamed.
A name that resolves nowhere in the environment may be of something else in its namespace; a port that a Service of
ours does not have is never answered. Addresses, names of elsewhere (`cache.example.com`),
other namespaces, and variables in a text are left alone.

Fix: leave the key out, and the name is derived; or write the name and port that the help gives.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.services import Ports, read_host, services
from llmstack.checks.subject import Subject
from llmstack.checks.typed_hosts import Peer, typed_hosts
from llmstack.finding import Route, Severity
from llmstack.model.stack import Stack
from llmstack.objects import lmcache, names

RULE = Declaration("unknown-service", Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    seen: set[tuple[Route, str]] = set()
    for route, host, port, peer in typed_hosts(subject):
        if (route, host) not in seen:
            seen.add((route, host))
            yield from _judge(subject, route, host, port, peer)


def _judge(subject: Subject, route: Route, host: str, port: int | None, peer: Peer | None) -> Iterator[Problem]:
    own, known = subject.stack.gitops.namespace, services(subject)
    meant = read_host(host, own)
    if meant is None:
        return
    if meant.namespace not in (None, own):
        if meant.name in known and meant.namespace not in {other.namespace for other in subject.others.values()}:
            message = f"`{host}` is in namespace `{meant.namespace}`; this environment's is `{own}`"
            yield Problem(message, route, help=f"write `{meant.name}`, which is found in any namespace")
    elif meant.name not in known:
        if not _brought(subject, meant.name):
            message = f"`{meant.name}` is no Service of this environment"
            help = _propose(subject.stack, peer, meant.name, known)
            yield Problem(message, route, help=help)
    elif port is not None and (ports := known[meant.name]) is not None and port not in ports:
        shown = ", ".join(map(str, sorted(ports)))
        yield Problem(f"Service `{meant.name}` has no port {port}", route, help=f"it has {shown}")


def _brought(subject: Subject, name: str) -> bool:
    """Whether another environment in the namespace has the Service, or a custom resource of extraObjects may bring
    it: an operator names it after the object."""
    own = subject.stack.gitops.namespace
    beside = (other for other in subject.others.values() if other.namespace == own)
    return any(name in other.services for other in beside) or any(
        name.startswith(str(placed.object["metadata"].get("name")))
        for placed in subject.objects
        if placed.unit == "extra" and _is_custom(str(placed.object.get("apiVersion")))
    )


def _is_custom(api_version: str) -> bool:
    group = api_version.rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def _propose(stack: Stack, peer: Peer | None, name: str, known: Mapping[str, Ports]) -> str:
    if peer == "itself":
        return "leave it out: a receiver listens on every address"
    if peer == "cache-server" and not stack.cache_server_spec.enable_server:
        return "set cacheServerSpec.enableServer: true, and the URL is derived"
    expected: Mapping[Peer, Sequence[str]] = {
        "receiver": [names.engine_service(stack, model.name or "") for model in lmcache.receivers(stack)],
        "router": [names.router_service(stack)],
        "cache-server": [names.cache_server_service(stack)],
    }
    likely = [each for each in expected.get(peer, ()) if each in known] if peer else []
    if len(likely) == 1:
        return f"write `{likely[0]}`, or leave it out: llmstack derives it"
    near = difflib.get_close_matches(name, likely or list(known), n=1, cutoff=0.5)
    return (
        f"did you mean `{near[0]}`?" if near else f"its Services are {', '.join(f'`{each}`' for each in sorted(known))}"
    )
