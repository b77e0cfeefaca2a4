"""The pods at the ends of a way in, as what calls them sees them: labels, ports, the key they ask for, the models.

What the router of the vLLM production stack is told and does: src/vllm_router/parsers/parser.py and
service_discovery.py (`K8sPodIPServiceDiscovery`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, pod_labels, pod_templates, told
from llmstack.kubernetes.quantities import read_whole, whole
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.served import find_served
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.arguments import engine_flags, last_flags

API_KEY = "VLLM_API_KEY"
ENGINE_PORT = 8000
"""Where vLLM listens, and where the router asks, when neither is told (`--port`, `--k8s-port`)."""
_DISCOVERY = "--service-discovery"


class Backend(Struct, frozen=True):
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
    container: str = ""
    """The name of the container that serves."""
    declares: frozenset[int] | None = None
    """Of pods that are neither a router nor an engine: the ports that they declare, where they may listen; at any, if
    none."""

    @property
    def key(self) -> str:
        return told(self.identity)

    @property
    def namespace(self) -> str:
        return self.identity[1]

    @property
    def is_router(self) -> bool:
        return _DISCOVERY in self.flags


class Backends:
    """The backends of one review, each object read once: one that does not change is the same on both sides."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Object, Backend | None]] = {}
        """By the object's id, with the object: as long as it is kept, no other has that id."""

    def among(self, objects: Iterable[Object]) -> dict[Identity, Backend]:
        """The router's and the engines' pods among `objects`, by workload."""
        found = (self._of(obj) for obj in objects if is_lasting(str(obj.get("kind"))))
        return {backend.identity: backend for backend in found if backend is not None}

    def beside(self, objects: Iterable[Object]) -> list[Backend]:
        """The other pods among `objects`, which may stand before the router: a proxy, a gateway of people's own."""
        found = (_beside(obj) for obj in objects if is_lasting(str(obj.get("kind"))) and self._of(obj) is None)
        return [backend for backend in found if backend is not None]

    def _of(self, obj: Object) -> Backend | None:
        if id(obj) not in self._read:
            self._read[id(obj)] = obj, _read(obj)
        return self._read[id(obj)][1]


_TRANSFERS = "disaggregated_prefill"
"""How the routing logics begin by which one engine computes the prompt and another one the answer."""
_ROLES = ("--prefill-model-labels", "--decode-model-labels")


def takes_pairs(router: Backend) -> bool:
    """Whether a request needs an engine for prefill and one for decode."""
    return router.flags.get("--routing-logic", "").startswith(_TRANSFERS)


def transfer_roles(backends: Iterable[Backend]) -> dict[str, str]:
    """By model: the router's flag by which it takes that model's engines for prefill, or for decode.

    A request needs one of each (production-stack, src/vllm_router/routers/routing_logic.py,
    `DisaggregatedPrefillRouter`). The flags name values of the label `model`.
    """
    found: dict[str, str] = {}
    for backend in backends:
        if backend.is_router and takes_pairs(backend):
            for flag in _ROLES:
                found |= dict.fromkeys(filter(None, backend.flags.get(flag, "").split(",")), flag)
    return found


def _read(obj: Object) -> Backend | None:
    template = next((template for _, template in pod_templates(dict(obj))), None)
    if template is None:
        return None
    spec = template.get("spec") or {}
    engines = {served.container: served for served in find_served(spec)}
    for container in maps(spec.get("containers")):
        served = engines.get(str(container.get("name") or ""))
        flags = engine_flags(served.arguments) if served is not None else _flags(container)
        if engines and served is None and _DISCOVERY not in flags:
            continue  # a sidecar of the engine
        model = model_of(obj)
        if _DISCOVERY in flags or model is not None:
            return Backend(
                identity=identity_of(obj),
                labels=pod_labels(template),
                named_ports=_named_ports(container),
                listens=_number(flags.get("--port"), _first_port(container)),
                api_key=asked_key(container, flags),
                served=_served(flags),
                model=model,
                flags=flags,
                container=str(container.get("name") or ""),
            )
    return None


def _beside(obj: Object) -> Backend | None:
    template = next((template for _, template in pod_templates(dict(obj))), None)
    if template is None:
        return None
    containers = list(maps((template.get("spec") or {}).get("containers")))
    names = {name: port for each in containers for name, port in _named_ports(each).items()}
    ports = {whole(port.get("containerPort"), 0) for each in containers for port in maps(each.get("ports"))}
    return Backend(
        identity_of(obj), pod_labels(template), names, 0, None, (), None, {}, declares=frozenset(ports - {0})
    )


def _flags(container: Mapping[str, Any]) -> dict[str, str]:
    """The flags of a container's command line; none of what a shell runs."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return last_flags(words) if all(isinstance(word, str) for word in words) else {}


def _number(text: str | None, default: int) -> int:
    number = read_whole(text or "")
    return default if number is None else number


def _named_ports(container: Mapping[str, Any]) -> dict[str, int]:
    ports = maps(container.get("ports"))
    return {str(port["name"]): whole(port.get("containerPort"), 0) for port in ports if port.get("name")}


def _first_port(container: Mapping[str, Any]) -> int:
    first = next(maps(container.get("ports")), {})
    return whole(first.get("containerPort"), ENGINE_PORT)


def asked_key(container: Mapping[str, Any], flags: Mapping[str, str]) -> object:
    """What stands for the API key that a container asks callers for, or sends: a reference or a text; None without."""
    if "--api-key" in flags:
        return flags["--api-key"]
    entry = next((each for each in maps(container.get("env")) if each.get("name") == API_KEY), None)
    if entry is None:
        return None
    reference = (entry.get("valueFrom") or {}).get("secretKeyRef") or {}
    return (reference.get("name"), reference.get("key")) if reference else entry.get("value") or None


def _served(flags: Mapping[str, str]) -> tuple[str, ...]:
    """The ids that clients ask for: --served-model-name, which takes several, else the model, and LoRA adapters beside
    it (vLLM, `vllm serve`)."""
    names = flags.get("--served-model-name", "").replace(",", " ").split()
    model = flags.get("--model") or flags.get("model")
    own = tuple(names) or ((model,) if model else ())
    return own + tuple(_adapters(flags.get("--lora-modules", ""))) if own else ()


def _adapters(text: str) -> Iterator[str]:
    """The ids of LoRA adapters: `name=path` each, or JSON with a `name` (vLLM, `LoRAParserAction`)."""
    for word in text.split():
        name, equals, _ = word.partition("=")
        if equals and name.isprintable() and not word.startswith("{"):
            yield name
    yield from re.findall(r'"name"\s*:\s*"([^"]+)"', text)
