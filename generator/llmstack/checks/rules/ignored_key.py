"""A key has no effect, because another one is used instead, or has nothing to act on.

`affinity` as stated goes before `nodeSelectorTerms`, and so does `nodeName`; `resources` before the request
and limit keys; an existing claim before the keys that make one; `hostPath` before `nfs`; `pdb` before
`maxUnavailablePodDisruptionBudget` of the same section; `raySpec` before `lwsSpec`; KEDA and a
HorizontalPodAutoscaler own the number of replicas, but for a RayCluster, which has no scale subresource: as in the
chart there is no ScaledObject for it. A RayCluster serves from one head: a disruption budget protects it or does
not. A `nodePort` is for Services of type NodePort or LoadBalancer, a prefix length for prefix-aware routing,
`shmSize` for tensor parallelism, `nixl…` for KV transfer, `strategy` for Deployments, `sidecar` for LoRA on a claim.

A file that changes one environment may leave a key of values/base.yaml without effect there: that is meant, save
that nobody means to lose KEDA.

Fix: keep the one that is meant, or turn on what the key acts on.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.ignored_model_keys import ignored_in_model
from llmstack.checks.no_effect import Ignored
from llmstack.checks.router_flags import routing_logic
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.cache_server import CacheServerSpec
from llmstack.model.router import RouterSpec
from llmstack.model.stack import Stack
from llmstack.objects.engine import pod_disruption_budget
from llmstack.objects.engine_container import sidecar

RULE = Declaration("ignored-key", Severity.WARNING)

_CONTROLLER_PORTS = (
    ("lmcache_controller_port", "lmcacheControllerPort"),
    ("lmcache_controller_reply_port", "lmcacheControllerReplyPort"),
    ("lmcache_controller_heartbeat_port", "lmcacheControllerHeartbeatPort"),
)


def run(subject: Subject) -> Iterator[Problem]:
    for at, ignored in _ignored(subject):
        route = (*at, *ignored.route)
        if subject.states(route) and not _overridden(subject, route, at, ignored):
            message = f"`{ignored.route[-1]}` has no effect: {ignored.why}"
            help = ignored.help or "remove it, or change what disables it"
            yield Problem(message, route, help=help)


def _ignored(subject: Subject) -> Iterator[tuple[Route, Ignored]]:
    """Yield the section and what it ignores."""
    stack = subject.stack
    for at, model in subject.models():
        yield from ((at, ignored) for ignored in ignored_in_model(stack, model))
    if stack.models:
        yield from ((("servingEngineSpec",), ignored) for ignored in _engines(stack))
    if stack.router_spec.enable_router:
        yield from ((("routerSpec",), ignored) for ignored in _router(stack, stack.router_spec))
    if stack.cache_server_spec.enable_server:
        yield from ((("cacheServerSpec",), ignored) for ignored in _cache_server(stack, stack.cache_server_spec))
    if stack.shared_storage.enabled:
        yield from ((("sharedStorage",), ignored) for ignored in _storage(stack))


def _overridden(subject: Subject, route: Route, at: Route, ignored: Ignored) -> bool:
    """Whether another file than the one that sets the key sets what is used instead."""
    if ignored.because is None or not subject.states((*at, *ignored.because)):
        return False
    places = [subject.layers.place(each) for each in (route, (*at, *ignored.because))]
    return len({place.path for place in places if place is not None}) > 1


def _engines(stack: Stack) -> Iterator[Ignored]:
    """Keys of all engines that no model takes."""
    if all(model.uses_ray or model.uses_lws for model in stack.models):
        yield Ignored(("strategy",), "no model is served from a Deployment")
    if not any(sidecar(stack, model) for model in stack.models):
        yield Ignored(("sidecar",), "no model has `enableLoRA` and a claim")
    limit = stack.engine.max_unavailable_pod_disruption_budget
    if limit and not any(
        pod_disruption_budget(stack, model) and not (model.pdb and model.pdb.enabled) for model in stack.models
    ):
        why = "each model has a `pdb` of its own, or one Ray head that it does not protect"
        yield Ignored(("maxUnavailablePodDisruptionBudget",), why)


def _router(stack: Stack, router: RouterSpec) -> Iterator[Ignored]:
    if router.node_selector_terms and router.affinity:
        yield Ignored(("nodeSelectorTerms",), "`affinity` is used instead", ("affinity",))
    if router.node_port and router.service_type not in ("NodePort", "LoadBalancer"):
        why = f"a Service of type {router.service_type or 'ClusterIP'} has none"
        yield Ignored(("nodePort",), why, ("serviceType",))
    if router.service_discovery == "static" and router.k8s_service_discovery_type == "service-name":
        yield Ignored(("k8sServiceDiscoveryType",), "serviceDiscovery is static", ("serviceDiscovery",))
    yield from _routing(stack, router)
    yield from _traces(router)
    yield from _scaling(router)
    yield from _routes(router)


def _routing(stack: Stack, router: RouterSpec) -> Iterator[Ignored]:
    """Keys of another routing logic."""
    logic = routing_logic(router)
    if router.prefix_min_match_length and logic != "prefixaware":
        yield Ignored(("prefixMinMatchLength",), f"routingLogic is {logic}, not prefixaware", ("routingLogic",))
    reports = any(model.lmcache_config.enabled and model.lmcache_config.enable_controller for model in stack.models)
    for name, key in _CONTROLLER_PORTS if not reports else ():  # else `kv-aware` says it, at the models
        if getattr(router, name) and logic not in ("kvaware", "loadaware", "ttft"):
            yield Ignored((key,), f"routingLogic is {logic}, not kvaware or loadaware", ("routingLogic",))


def _traces(router: RouterSpec) -> Iterator[Ignored]:
    if not router.otel.endpoint:
        for key in (["secure"] if router.otel.secure else []) + ["serviceName"]:
            yield Ignored(("otel", key), "there are no traces without `endpoint`", ("otel", "endpoint"))


def _scaling(router: RouterSpec) -> Iterator[Ignored]:
    if router.autoscaling.enabled:
        why = "the HorizontalPodAutoscaler owns the number of replicas"
        yield Ignored(("replicaCount",), why, ("autoscaling", "enabled"))
        sizes = [(router.resources or {}).get(kind) for kind in ("requests", "limits")]
        if not any(isinstance(size, dict) and size.get("cpu") for size in sizes):
            why = "it scales by a percentage of the router's CPU request, and there is none"
            yield Ignored(("autoscaling",), why, help="set `resources.requests.cpu`")


def _routes(router: RouterSpec) -> Iterator[Ignored]:
    for name, route in (router.route or {}).items():
        if route.enabled and route.timeouts and (route.kind or "HTTPRoute") != "HTTPRoute":
            yield Ignored(("route", name, "timeouts"), f"a {route.kind} has none", ("route", name, "kind"))
        if route.enabled and route.https_redirect:
            stated = (("matches", route.matches), ("filters", route.filters), ("timeouts", route.timeouts))
            for key in [key for key, value in stated if value]:
                yield Ignored(("route", name, key), "`httpsRedirect` is used instead", ("route", name, "httpsRedirect"))


def _cache_server(stack: Stack, cache: CacheServerSpec) -> Iterator[Ignored]:
    if cache.node_selector_terms and cache.affinity:
        yield Ignored(("nodeSelectorTerms",), "`affinity` is used instead", ("affinity",))
    if cache.max_unavailable_pod_disruption_budget and cache.pdb and cache.pdb.enabled:
        yield Ignored(("maxUnavailablePodDisruptionBudget",), "`pdb` is used instead", ("pdb", "enabled"))
    if cache.serde and not any(model.lmcache_config.enabled for model in stack.models):
        yield Ignored(("serde",), "only engines with `lmcacheConfig.enabled` use it, and there are none")


def _storage(stack: Stack) -> Iterator[Ignored]:
    storage = stack.shared_storage
    if storage.host_path and (storage.nfs.server or storage.nfs.path):
        yield Ignored(("nfs",), "`hostPath` is used instead", ("hostPath",))
    if not stack.lora_controller.enable_lora_controller:
        yield Ignored(("image",), "only the LoRA controller uses it, and it is not enabled")
