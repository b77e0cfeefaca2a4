"""The pods at the ends of a way in, as what calls them sees them: labels, ports, the key they ask for, the models.

What the router of the vLLM production stack is told and does: src/vllm_router/parsers/parser.py and
service_discovery.py (`K8sPodIPServiceDiscovery`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmstack.kubernetes.pods import Object, pod_labels, pod_templates
from llmstack.kubernetes.quantities import read_whole, whole
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.arguments import parse_flags

Identity = tuple[str, str, str]
"""Kind, namespace and name of a workload."""

API_KEY = "VLLM_API_KEY"
ENGINE_PORT = 8000
"""Where vLLM listens, and where the router asks, when neither is told (`--port`, `--k8s-port`)."""
_DISCOVERY = "--service-discovery"


@dataclass(frozen=True, slots=True)
class Backend:
    """The pods of one workload on one side of the change."""

    identity: Identity
    labels: Mapping[str, str]
    named_ports: Mapping[str, int]
    listens: int
    """The port of its API."""
    api_key: object
    """What stands for the key that it asks callers for, or sends: a reference or a text; None without one. Only ever
    compared."""
    served: tuple[str, ...]
    """The ids of the models it serves, empty where its arguments do not say."""
    model: str | None
    flags: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"{self.identity[0]}/{self.identity[2]}"

    @property
    def namespace(self) -> str:
        return self.identity[1]

    @property
    def is_router(self) -> bool:
        return _DISCOVERY in self.flags


def read_backends(objects: Iterable[Object]) -> dict[Identity, Backend]:
    """The router's and the engines' pods among `objects`, by workload."""
    found = (_read(obj) for obj in objects if is_lasting(str(obj.get("kind"))))
    return {backend.identity: backend for backend in found if backend is not None}


def identity_of(obj: Object) -> Identity:
    metadata = obj["metadata"]
    return str(obj["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])


def _read(obj: Object) -> Backend | None:
    template = next((template for _, template in pod_templates(dict(obj))), None)
    if template is None:
        return None
    for container in _dicts((template.get("spec") or {}).get("containers")):
        flags = _flags(container)
        model = model_of(obj)
        if _DISCOVERY in flags or model is not None:
            return Backend(
                identity=identity_of(obj),
                labels=pod_labels(template),
                named_ports=_named_ports(container),
                listens=_number(flags.get("--port"), _first_port(container)),
                api_key=_api_key(container, flags),
                served=_served(flags),
                model=model,
                flags=flags,
            )
    return None


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, Mapping))


def _flags(container: Mapping[str, Any]) -> dict[str, str]:
    """The flags of a container's command line; none of what a shell runs."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not all(isinstance(word, str) for word in words):
        return {}
    if len(words) > 1 and words[0].rpartition("/")[2] == "vllm" and words[1] == "serve":
        words = words[2:]
    return parse_flags(words)


def _number(text: str | None, default: int) -> int:
    number = read_whole(text or "")
    return default if number is None else number


def _named_ports(container: Mapping[str, Any]) -> dict[str, int]:
    ports = _dicts(container.get("ports"))
    return {str(port["name"]): whole(port.get("containerPort"), 0) for port in ports if port.get("name")}


def _first_port(container: Mapping[str, Any]) -> int:
    first = next(_dicts(container.get("ports")), {})
    return whole(first.get("containerPort"), ENGINE_PORT)


def _api_key(container: Mapping[str, Any], flags: Mapping[str, str]) -> object:
    if "--api-key" in flags:
        return flags["--api-key"]
    entry = next((each for each in _dicts(container.get("env")) if each.get("name") == API_KEY), None)
    if entry is None:
        return None
    reference = (entry.get("valueFrom") or {}).get("secretKeyRef") or {}
    return (reference.get("name"), reference.get("key")) if reference else entry.get("value") or None


def _served(flags: Mapping[str, str]) -> tuple[str, ...]:
    """The ids that clients ask for: --served-model-name, which takes several, else the model (vLLM, `vllm serve`)."""
    names = flags.get("--served-model-name", "").replace(",", " ").split()
    model = flags.get("--model") or flags.get("model")
    return tuple(names) or ((model,) if model else ())


def why_not_reached(router: Backend, engine: Backend) -> str | None:
    """Why a router does not find an engine, None where it does or where that cannot be told.

    It watches the pods of `--k8s-label-selector` in `--k8s-namespace`, asks each for /v1/models at `--k8s-port` with
    its own VLLM_API_KEY, and drops the pod when that fails. With static backends, or by the names of Services, it asks
    elsewhere.
    """
    flags = router.flags
    if flags.get(_DISCOVERY) != "k8s":
        return None
    namespace = flags.get("--k8s-namespace", "default")
    if engine.namespace and namespace != engine.namespace:
        return f"the router looks in namespace `{namespace}`, and the engine is in `{engine.namespace}`"
    by_service = flags.get("--k8s-service-discovery-type") == "service-name"
    if not by_service and not matches(flags.get("--k8s-label-selector", ""), engine.labels):
        return "the router's label selector leaves the engine out"
    port = _number(flags.get("--k8s-port"), ENGINE_PORT)
    if not by_service and port != engine.listens:
        return f"the router asks port {port}, and the engine listens on {engine.listens}"
    if engine.api_key is not None and engine.api_key != router.api_key:
        sent = (
            "another API key than the engine asks for" if router.api_key else "no API key, and the engine asks for one"
        )
        return f"the router sends {sent}"
    return None


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil a selector in one line, `a=b,c=d`; what is no equality is taken to hold."""
    for part in selector.split(","):
        name, equals, value = part.partition("=")
        if equals and not name.endswith("!") and labels.get(name.strip()) != value.lstrip("=").strip():
            return False
    return True
