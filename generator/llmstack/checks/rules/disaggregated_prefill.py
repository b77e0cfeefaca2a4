"""The two sides of a disaggregated prefill do not find each other.

An engine that prefills (`nixlRole: sender`) sends its KV cache to one that decodes (`receiver`). LMCache does not
start a side without a role, a sender without the receiver's host, or a receiver without a port
(NixlConfig.from_cache_engine_config, lmcache/v1/storage_backend/connector/nixl_utils.py). Unset, the host is the
Service of the only receiver, and with several of them `nixlPeerHost` says which; the port is the one that receiver
listens on, each tensor-parallel rank one higher, and the receiver's Service has 55555 and 9999.
A `kv_consumer` never stores what a sender would send; a `kv_producer` reads what a receiver got only where
LMCache's lookup supports it (lmcache/integration/vllm/vllm_v1_adapter.py).

The router's `disaggregated_prefill` chooses among the engines whose label `model` it was told
(DisaggregatedPrefillRouter, src/vllm_router/routers/routing_logic.py): without one on either side every request
fails. Unset, the labels are those of the senders and of the receivers.

An engine that LMCache does not start is an error; the others are warnings, since a side may be elsewhere.

Fix: give each side its role, leave host and port out, and name in `--prefill-model-labels` and
`--decode-model-labels` models that there are, or leave them out too.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engine_env import engine_variables
from llmstack.checks.router_flags import extra_values, routing_logic
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.services import first_ports, read_host, services
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.models import Model
from llmstack.objects import labels, lmcache, names
from llmstack.objects.router_arguments import BY_SERVICE

RULE = Declaration("disaggregated-prefill", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_ROLES = {"sender": ("--prefill-model-labels", "prefills"), "receiver": ("--decode-model-labels", "decodes")}
"""The role in KV transfer: the router's flag for such engines, and what they do."""

_SETS_ROLE = frozenset(("LMCACHE_NIXL_ROLE", "LMCACHE_PD_ROLE", "LMCACHE_CONFIG_FILE"))
_SETS_HOST = frozenset(("LMCACHE_NIXL_RECEIVER_HOST", "LMCACHE_PD_PROXY_HOST", "LMCACHE_CONFIG_FILE"))
_AGAINST = {"sender": "kv_consumer", "receiver": "kv_producer"}


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        if model.lmcache_config.transfers:
            yield from _side(subject, (*at, "lmcacheConfig"), model, frozenset(_stated(subject, at, model)))
    if subject.stack.router_spec.enable_router:
        yield from _router(subject)


def _stated(subject: Subject, at: Route, model: Model) -> Iterator[str]:
    yield from engine_variables(subject.stack, at, model)
    yield from subject.stack.engine.configs or {}


def _side(subject: Subject, at: Route, model: Model, stated: frozenset[str]) -> Iterator[Problem]:
    config = model.lmcache_config
    role = config.nixl_role
    if role is None:
        if not stated & _SETS_ROLE:
            message = "`nixlRole` is unset: LMCache transfers as sender or as receiver"
            yield Problem(message, at, help="set `nixlRole: sender` to prefill, `receiver` to decode", milder=True)
        return
    if config.kv_role == _AGAINST[role]:
        message = f"a {role} is no {config.kv_role}: it would have nothing to {'send' if role == 'sender' else 'read'}"
        wanted = "kv_producer" if role == "sender" else "kv_consumer"
        yield Problem(message, (*at, "kvRole"), help=f"write `kvRole: {wanted}`, or leave it out", milder=True)
    if role == "receiver":
        yield from _receiver(subject, at, model)
    elif not stated & _SETS_HOST:
        yield from _sender(subject, at, model)


def _receiver(subject: Subject, at: Route, model: Model) -> Iterator[Problem]:
    """The port it listens on is one of its Service."""
    port = model.lmcache_config.nixl_peer_port
    if port is None:
        yield Problem("a receiver needs a port", (*at, "nixlPeerPort"), help="leave it out: 55555")
        return
    open = services(subject).get(names.engine_service(subject.stack, model.name or "")) or frozenset()
    if port not in open:
        message = f"the receiver listens on {port}, and its Service has no such port"
        help = f"leave it out ({lmcache.ZMQ_PORT} is open), or add {port} to servingEngineSpec.extraPorts"
        yield Problem(message, (*at, "nixlPeerPort"), help=help, milder=True)
    ranks = range(port + 1, port + (model.vllm_config.tensor_parallel_size or 1))
    if closed := first_ports(rank for rank in ranks if rank not in open):
        message = f"each tensor-parallel rank listens on a port of its own: the Service has no {', '.join(closed)}"
        help = (
            "add them to servingEngineSpec.extraPorts; LMCache 0.4 takes LMCACHE_PD_PEER_INIT_PORT with a port for each"
        )
        yield Problem(message, at, help=help, milder=True)


def _sender(subject: Subject, at: Route, model: Model) -> Iterator[Problem]:
    """Its host is a receiver, and so is its port the receiver's. A host that is nobody's is `unknown-service`."""
    stack = subject.stack
    host = lmcache.peer_host(stack, model)
    receiving = _engines(subject, "receiver")
    if host is None:
        found = ", ".join(f"`{names.engine_service(stack, name)}`" for name in receiving)
        message = "a sender needs a receiver: " + (f"there are {len(receiving)}" if receiving else "there is none")
        help = f"name one in `nixlPeerHost`: {found}" if receiving else "add a model with `nixlRole: receiver`"
        yield Problem(message, at, help=help, milder=not receiving)
        return
    meant = read_host(host, stack.gitops.namespace)
    if meant is None or meant.namespace not in (None, stack.gitops.namespace):
        return
    named = {names.engine_service(stack, name): name for name in _engines(subject, None)}.get(meant.name)
    if named is None:
        return
    if named not in receiving:
        message = f"`{meant.name}` is the Service of `{named}`, which does not receive"
        yield Problem(message, (*at, "nixlPeerHost"), help="name an engine with `nixlRole: receiver`", milder=True)
    else:
        yield from _peer_port(subject, at, lmcache.peer_port(stack, model), receiving[named])


def _peer_port(subject: Subject, at: Route, asked: int | None, receiver: Model) -> Iterator[Problem]:
    """The port that a sender asks is the one the receiver listens on, and its Service has it."""
    name, port = receiver.name or "", receiver.lmcache_config.nixl_peer_port
    service = names.engine_service(subject.stack, name)
    if asked != port:
        message = f"the sender asks port {asked} of `{name}`, which listens on {port}"
        yield Problem(message, (*at, "nixlPeerPort"), help=f"write {port} on both sides, or on neither", milder=True)
    elif asked not in (services(subject).get(service) or frozenset()):
        help = f"leave it out on both sides, or add {asked} to servingEngineSpec.extraPorts"
        yield Problem(f"Service `{service}` has no port {asked}", (*at, "nixlPeerPort"), help=help, milder=True)


def _engines(subject: Subject, role: str | None) -> dict[str, Model]:
    """The models by name that transfer in a role; all models where it is None."""
    return {
        model.name: model
        for model in subject.stack.models
        if model.name and (role is None or (model.lmcache_config.transfers and model.lmcache_config.nixl_role == role))
    }


def _router(subject: Subject) -> Iterator[Problem]:
    """Both sides have an engine, and every label that a person wrote is one of an engine."""
    router, stack = subject.stack.router_spec, subject.stack
    told = extra_values(router)
    if not routing_logic(router).startswith("disaggregated_prefill"):
        return
    if router.service_discovery != "static" and router.k8s_service_discovery_type == BY_SERVICE:
        message = "the router tells prefill from decode by labels of pods; by Services' names it sees none"
        help = "set routerSpec.k8sServiceDiscoveryType: pod-ip"
        yield Problem(message, ("routerSpec", "k8sServiceDiscoveryType"), help=help)
    if router.service_discovery == "static" or "--k8s-label-selector" in told:
        return
    known = {labels.engine_labels(stack, model, model.pod_labels)["model"] for model in stack.models}
    for role, (flag, does) in _ROLES.items():
        if flag not in told:
            if stack.models and not _engines(subject, role):
                message = f"the router finds no engine that {does}: none has `nixlRole: {role}`"
                help = f"give one of the models `lmcacheConfig.nixlRole: {role}`, or name it with `{flag}` in extraArgs"
                yield Problem(message, ("routerSpec", "routingLogic"), help=help, milder=True)
            continue
        text, index = told[flag]
        for label in (label for label in text.split(",") if label not in known):
            message = f"`{flag}` names `{label}`: no engine has this label `model`"
            help = f"there are {', '.join(f'`{each}`' for each in sorted(known))}" if known else "add the model"
            yield Problem(message, ("routerSpec", "extraArgs", index), help=help, milder=True)
