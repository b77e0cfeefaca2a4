"""Whether a router finds an engine: by its pods, by Services, or by a list of addresses.

src/vllm_router/service_discovery.py of the vLLM production stack: `K8sPodIPServiceDiscovery` watches the pods of
`--k8s-label-selector` in `--k8s-namespace`, asks each for /v1/models at `--k8s-port` with its own VLLM_API_KEY, and
drops the pod when that fails; `K8sServiceNameServiceDiscovery` does so with Services; `StaticServiceDiscovery` takes
`--static-backends` and `--static-models`, which pair up in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import read_whole
from llmstack.review.ways_in.backends import ENGINE_PORT, Backend
from llmstack.review.ways_in.doors import answers, ports_of, selects

Services = Mapping[tuple[str, str], Object]
"""By namespace and name."""
_HTTP = 80
_SELECTOR = "--k8s-label-selector"
_CERTIFICATE = "--ssl-certfile"
"""With it vLLM serves https alone; both discoveries ask `http://` (service_discovery.py)."""


def why_not_reached(router: Backend, engine: Backend, services: Services) -> str | None:
    """Why a router does not find an engine, None where it does or where that cannot be told."""
    flags = router.flags
    if flags.get("--service-discovery") == "static":
        return _not_listed(router, engine, services)
    if flags.get("--service-discovery") != "k8s":
        return None
    namespace = flags.get("--k8s-namespace", "default")
    if engine.namespace and namespace != engine.namespace:
        return f"the router looks in namespace `{namespace}`, and the engine is in `{engine.namespace}`"
    why = _no_service(router, engine, services) if _looks_for_services(router) else _no_pod(router, engine)
    if why is not None:
        return why
    if _CERTIFICATE in engine.flags:
        return "the router asks by http, and the engine answers https alone"
    if engine.api_key is not None and engine.api_key != router.api_key:
        sent = (
            "another API key than the engine asks for" if router.api_key else "no API key, and the engine asks for one"
        )
        return f"the router sends {sent}"
    return None


def finds_pods(router: Backend, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a router sends requests to pods with these labels, whatever runs in them; a selector that says nothing
    counts for none."""
    flags = router.flags
    if flags.get("--service-discovery") != "k8s" or _looks_for_services(router) or not flags.get(_SELECTOR):
        return False
    return namespace in ("", flags.get("--k8s-namespace", "default")) and matches(flags[_SELECTOR], labels)


def _looks_for_services(router: Backend) -> bool:
    return router.flags.get("--k8s-service-discovery-type") == "service-name"


def _asked(router: Backend) -> int:
    port = router.flags.get("--k8s-port", "")
    number = read_whole(port)
    return ENGINE_PORT if number is None else number


def _no_pod(router: Backend, engine: Backend) -> str | None:
    if not matches(router.flags.get(_SELECTOR, ""), engine.labels):
        return "the router's label selector leaves the engine out"
    if _asked(router) != engine.listens:
        return f"the router asks port {_asked(router)}, and the engine listens on {engine.listens}"
    return None


def _no_service(router: Backend, engine: Backend, services: Services) -> str | None:
    """None too where no Service of the engine is known."""
    own = [service for service in services.values() if selects(service, engine)]
    asked = _asked(router)
    if not own or any(_leads(service, asked, engine) for service in own):
        return None
    return f"the router asks port {asked} of Services, and none of the engine's leads there"


def _leads(service: Object, port: int, engine: Backend) -> bool:
    return any(each.get("port") == port and answers(each, engine) for each in ports_of(service))


def _not_listed(router: Backend, engine: Backend, services: Services) -> str | None:
    """Addresses that are no Service here may lead anywhere."""
    for url, model in _listed(router):
        if engine.served and model not in engine.served:
            continue
        host, _, port = url.partition("://")[2].partition("/")[0].partition(":")
        name, _, rest = host.partition(".")
        service = services.get((rest.partition(".")[0] or router.namespace, name))
        stated = read_whole(port)
        number = _HTTP if stated is None else stated
        if service is None or (selects(service, engine) and _leads(service, number, engine)):
            return None
    return "the router's list of backends does not lead to the engine"


def _listed(router: Backend) -> Iterator[tuple[str, str]]:
    urls, models = (router.flags.get(flag, "").split(",") for flag in ("--static-backends", "--static-models"))
    return zip(urls, models, strict=False)


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil a selector in one line, `a=b,c=d`; what is no equality is taken to hold."""
    for part in selector.split(","):
        name, equals, value = part.partition("=")
        if equals and not name.endswith("!") and labels.get(name.strip()) != value.lstrip("=").strip():
            return False
    return True
