"""KV-aware routing cannot find what engines have cached.

With `routingLogic: kvaware` the router asks the LMCache controller inside it which engine holds a prompt. When
something does not fit, no request fails: lookups find nothing, and the router falls back on the session or on
load. What has to fit (vllm-project/production-stack, tutorial 17, "the silent-miss preconditions", pull request
1062; KvawareRouter in src/vllm_router/routers/routing_logic.py; lmcache/v1/cache_controller/worker.py):

- engines report: `lmcacheConfig.enabled` and `enableController`, to the ports on which the router listens;
- engines and router hash alike: PYTHONHASHSEED is one and the same (llmstack gives 123 to both);
- engines run one LMCache, of one image and tag, and so does the router: messages differ between versions;
- engines send heartbeats (`workerHeartbeatTime`): the router forgets an engine after 30 silent seconds;
- there is one LMCache worker port for each tensor-parallel rank;
- there is one router: each has an index of its own, and an engine reports to one.

A model that reports to a router which is not kvaware is found too.

Fix: leave ports and PYTHONHASHSEED out, they are derived; give all models behind the router the same image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.checks.engine_env import Variables, engine_variables, router_variables
from llmstack.checks.router_flags import extra_values, routing_logic
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.services import first_ports
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import router_arguments
from llmstack.objects.engine_container import SEED
from llmstack.objects.router_arguments import BY_SERVICE, CONTROLLER_LOGICS

RULE = Declaration("kv-aware", Severity.WARNING)

_LISTENS = CONTROLLER_LOGICS | {"ttft"}
"""Routing logics of the router that start an LMCache controller."""
_SEED = "PYTHONHASHSEED"
_ROUTER_PORTS = ("--lmcache-controller-port", "--lmcache-controller-reply-port")

Engine = tuple[Route, Model]


def run(subject: Subject) -> Iterator[Problem]:
    stack, router = subject.stack, subject.stack.router_spec
    reporting = [(at, model) for at, model in subject.models() if _reports(model)]
    for at, model in reporting:
        yield from _worker_ports(at, model)
    logic = routing_logic(router) if router.enable_router else None
    if logic not in _LISTENS:
        reason = f"routingLogic is {logic}, not kvaware" if logic else "there is no router"
        for at, _ in reporting:
            yield _to_nobody(subject, at, reason)
    if logic not in CONTROLLER_LOGICS or not stack.models:
        return
    yield from _all_report(subject, reporting)
    yield from _ports(stack, reporting)
    yield from _seeds(stack, reporting)
    yield from _images(reporting)
    for at, model in reporting:
        if model.lmcache_config.worker_heartbeat_time in (None, "0") and not _configured(stack, at, model, "HEARTBEAT"):
            message = "the router drops engines without a heartbeat for 30 seconds, and `workerHeartbeatTime` is unset"
            yield Problem(message, (*at, "lmcacheConfig"), help="set `workerHeartbeatTime: 10`")
    yield from _one_router(stack)
    if router.service_discovery != "static" and router.k8s_service_discovery_type == BY_SERVICE:
        message = f"{logic} routing sends a request to a pod, and with service-name discovery the router knows none"
        help = "set routerSpec.k8sServiceDiscoveryType: pod-ip"
        yield Problem(message, ("routerSpec", "k8sServiceDiscoveryType"), help=help)


def _reports(model: Model) -> bool:
    return bool(model.lmcache_config.enabled and model.lmcache_config.enable_controller)


def _configured(stack: Stack, at: Route, model: Model, part: str) -> bool:
    """Whether a variable of LMCache with `part` in its name, or a file of LMCache's settings, may say it instead."""
    names = {*engine_variables(stack, at, model), *(stack.engine.configs or {})}
    return any(name == "LMCACHE_CONFIG_FILE" or (name.startswith("LMCACHE_") and part in name) for name in names)


def _to_nobody(subject: Subject, at: Route, reason: str) -> Problem:
    key = (*at, "lmcacheConfig", "enableController")
    message = f"no controller receives what the engine reports (`enableController`): {reason}"
    return Problem(message, key, help="set routerSpec.routingLogic: kvaware, or remove it")


def _all_report(subject: Subject, reporting: Sequence[Engine]) -> Iterator[Problem]:
    silent = [
        (at, model)
        for at, model in subject.models()
        if not _reports(model) and not _configured(subject.stack, at, model, "CONTROLLER")
    ]
    help = "set `lmcacheConfig: {enabled: true, enableController: true}`"
    if not reporting and len(silent) == len(list(subject.models())):
        logic = routing_logic(subject.stack.router_spec)
        message = f"routingLogic: {logic}, and no engine reports what it has cached"
        yield Problem(message, ("routerSpec", "routingLogic"), help=f"{help} on the models")
        return
    for at, model in silent:
        message = f"`{model.name}` does not report what it has cached to the router"
        yield Problem(message, (*at, "lmcacheConfig"), help=help)


def _ports(stack: Stack, reporting: Sequence[Engine]) -> Iterator[Problem]:
    """Ports that a model or an argument states are those of the router's Service."""
    expected = {
        "controllerPort": router_arguments.controller_port(stack),
        "controllerReplyPort": router_arguments.reply_port(stack),
    }
    for at, model in reporting:
        config = model.lmcache_config
        given = {"controllerReplyPort": config.controller_reply_port}
        if "controller_port" in config.model_fields_set:
            given["controllerPort"] = config.controller_port
        for key, port in given.items():
            if port is not None and port != expected[key]:
                message = f"`{key}` is {port}, but the router's controller listens on {expected[key]}"
                help = f"leave it out, or write {expected[key]} here and in routerSpec"
                yield Problem(message, (*at, "lmcacheConfig", key), help=help)
    told = extra_values(stack.router_spec)
    for flag, port in zip(_ROUTER_PORTS, expected.values(), strict=True):
        if flag in told and told[flag][0] != str(port):
            text, index = told[flag]
            key = "lmcacheControllerReplyPort" if "reply" in flag else "lmcacheControllerPort"
            message = f"`{flag} {text}` is set, but the engines and the Service use {port or 'none'}"
            route = ("routerSpec", "extraArgs", index)
            yield Problem(message, route, help=f"set `routerSpec.{key}` instead")


def _seeds(stack: Stack, reporting: Sequence[Engine]) -> Iterator[Problem]:
    """Every engine hashes as the router does; what comes from elsewhere (`valueFrom`) is not judged."""
    router = router_variables(stack)
    expected = _seed(router)
    said: set[Route] = set()
    for at, model in reporting:
        variables = engine_variables(stack, at, model)
        seed = _seed(variables)
        route = variables[_SEED][0] if _SEED in variables else router[_SEED][0] if _SEED in router else at
        if seed is not None and expected is not None and seed != expected and route not in said:
            said.add(route)
            message = f"{_SEED} is {seed} in engines and {expected} in the router: their hashes never match"
            yield Problem(message, route, help=f"leave it out of both: llmstack sets {SEED}")


def _seed(variables: Variables) -> str | None:
    return variables[_SEED][1] if _SEED in variables else SEED


def _images(reporting: Sequence[Engine]) -> Iterator[Problem]:
    """All engines have one LMCache, as far as images tell: the same repository, whatever registry, and tag."""
    first: Mapping[str, str | None] | None = None
    for at, model in reporting:
        image = {"repository": _family(model.repository or ""), "tag": model.tag}
        first = first or image
        different = next((key for key in image if image[key] != first[key]), None)
        if image["repository"] == "vllm/vllm-openai":
            message = "the image does not say which version of LMCache it has, if any"
            help = "use lmcache/vllm-openai, of the LMCache that the router has"
            yield Problem(message, (*at, "repository"), help=help)
        elif different:
            message = f"`{image[different]}` here and `{first[different]}` before: LMCache's messages differ by version"
            yield Problem(message, (*at, different), help="run one image behind a kvaware router")


def _family(repository: str) -> str:
    """The repository without its registry: `lmcache/vllm-openai`."""
    return "/".join(repository.partition("@")[0].split("/")[-2:])


def _worker_ports(at: Route, model: Model) -> Iterator[Problem]:
    """LMCache asserts one port for each worker; models with one latent for all heads (MLA) have one worker."""
    config, ranks = model.lmcache_config, model.vllm_config.tensor_parallel_size or 1
    ports = [port for port in (config.worker_port or "").split(",") if port.strip()]
    if len(ports) not in (1 if ranks == 1 else 0, ranks):
        message = f"{len(ports)} worker port{'s' * (len(ports) != 1)} for {ranks} tensor-parallel ranks"
        help = f'list one for each rank: `workerPort: "{",".join(first_ports(range(8001, 8001 + ranks)))}"`'
        yield Problem(message, (*at, "lmcacheConfig", "workerPort"), help=help)


def _one_router(stack: Stack) -> Iterator[Problem]:
    router = stack.router_spec
    key = "autoscaling" if router.autoscaling.enabled else "replicaCount"
    most = router.autoscaling.max_replicas if router.autoscaling.enabled else router.replica_count
    if (most or 1) > 1:
        message = f"there are up to {most} routers, but an engine reports what it has cached to only one of them"
        yield Problem(message, ("routerSpec", key), help="run one router")
