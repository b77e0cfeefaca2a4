"""What the values refer to by name: Secrets, claims, config maps, service accounts, runtime classes; and
where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.checks.fields import ENV_VAR, VOLUME
from llmstack.checks.subject import Subject
from llmstack.finding import Route
from llmstack.kubernetes.pods import containers, pod_specs
from llmstack.model.cache_server import CacheServerSpec
from llmstack.model.gitops import ExistingKind as Kind
from llmstack.model.models import Model
from llmstack.model.router import RouterSpec
from llmstack.model.secret_ref import SecretReference
from llmstack.model.stack import Stack

_ENV_SOURCES: tuple[tuple[str, Kind], ...] = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_ENV_FROM: tuple[tuple[str, Kind], ...] = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))
_VOLUME_SOURCES: tuple[tuple[str, str, Kind], ...] = (
    ("secret", "secretName", "Secret"),
    ("secret", "name", "Secret"),
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)
"""Where a name of an object stands in a source of variables or of a volume, and its kind."""


class Reference(Struct, frozen=True):
    """A name of another object, and the key of it that is read, at its place in the values."""

    kind: Kind
    name: str
    key: str | None
    route: Route


def references(subject: Subject) -> Iterator[Reference]:
    """Yield every reference of what is deployed. Those that say `optional: true` are left out."""
    stack = subject.stack
    if stack.models:
        yield from _secret(("servingEngineSpec", "vllmApiKey"), stack.engine.vllm_api_key)
        if any(model.runtime_class_name is None for model in stack.models):
            yield from _name("RuntimeClass", ("servingEngineSpec", "runtimeClassName"), stack.engine.runtime_class_name)
    for at, model in subject.models():
        yield from _model(at, model)
    yield from _router(stack.router_spec)
    yield from _cache_server(stack.cache_server_spec)
    yield from _lora(stack)
    yield from _blocks(subject)
    for route, object in subject.extra_objects():
        yield from pod_references(route, object)


def _router(router: RouterSpec) -> Iterator[Reference]:
    if not router.enable_router:
        return
    yield from _secret(("routerSpec", "hf_token"), router.hf_token)
    yield from _secret(("routerSpec", "vllmApiKey"), router.vllm_api_key)
    yield from _name("ServiceAccount", ("routerSpec", "serviceAccountName"), router.service_account_name)
    yield from _pull_secrets(("routerSpec", "imagePullSecrets"), router.image_pull_secrets)
    for number, tls in enumerate((router.ingress.tls or []) if router.ingress.enabled else []):
        yield from _name("Secret", ("routerSpec", "ingress", "tls", number, "secretName"), tls.get("secretName"))


def _cache_server(server: CacheServerSpec) -> Iterator[Reference]:
    if server.enable_server:
        yield from _name("RuntimeClass", ("cacheServerSpec", "runtimeClassName"), server.runtime_class_name)
        yield from _pull_secrets(("cacheServerSpec", "imagePullSecrets"), server.image_pull_secrets)


def _lora(stack: Stack) -> Iterator[Reference]:
    controller = stack.lora_controller
    if controller.enable_lora_controller:
        yield from _name("ServiceAccount", ("loraController", "serviceAccountName"), controller.service_account_name)
        yield from _pull_secrets(("loraController", "imagePullSecrets"), controller.image_pull_secrets)
    for number, adapter in enumerate(stack.lora_adapters or []):
        if adapter.enabled is not False:
            at: Route = ("loraAdapters", number)
            yield from _secret((*at, "vllmApiKey"), adapter.vllm_api_key)
            source = adapter.adapter_source
            yield from _secret((*at, "adapterSource", "credentials"), source.credentials) if source else ()


def _model(at: Route, model: Model) -> Iterator[Reference]:
    yield from _secret((*at, "hf_token"), model.hf_token)
    yield from _name(
        "Secret",
        (*at, "envFromSecret", "name"),
        model.env_from_secret.name if model.env_from_secret else None,
    )
    yield from _name("Secret", (*at, "imagePullSecret"), model.image_pull_secret)
    yield from _name("ServiceAccount", (*at, "serviceAccountName"), model.service_account_name)
    yield from _name("RuntimeClass", (*at, "runtimeClassName"), model.runtime_class_name)
    yield from _name("PersistentVolumeClaim", (*at, "pvcExistingClaimName"), model.pvc_existing_claim_name)


def _secret(route: Route, value: SecretReference | str | None) -> Iterator[Reference]:
    if isinstance(value, SecretReference) and value.secret_name:
        yield Reference("Secret", value.secret_name, value.secret_key, route)


def _name(kind: Kind, route: Route, name: object) -> Iterator[Reference]:
    if isinstance(name, str) and name and not (kind == "ServiceAccount" and name == "default"):
        yield Reference(kind, name, None, route)


def _pull_secrets(route: Route, references: Any) -> Iterator[Reference]:
    for number, item in enumerate(references if isinstance(references, list) else []):
        if isinstance(item, dict):
            yield from _name("Secret", (*route, number, "name"), item.get("name"))


def _blocks(subject: Subject) -> Iterator[Reference]:
    """The references in `env` and `extraVolumes` of what is deployed."""
    deployed = {at for at, _ in subject.models()}
    on = {
        "routerSpec": subject.stack.router_spec.enable_router,
        "cacheServerSpec": subject.stack.cache_server_spec.enable_server,
        "loraController": subject.stack.lora_controller.enable_lora_controller,
    }
    for block in subject.blocks:
        if block.definition not in (ENV_VAR, VOLUME):
            continue
        head = block.route[0]
        if block.route[:3] in deployed if head == "servingEngineSpec" else on.get(str(head)):
            yield from (_env if block.definition == ENV_VAR else _volumes)(block.route, block.value)


def _env(route: Route, entries: Any) -> Iterator[Reference]:
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        source = entry.get("valueFrom") if isinstance(entry, dict) else None
        for field, kind in _ENV_SOURCES:
            found = source.get(field) if isinstance(source, dict) else None
            if isinstance(found, dict) and not found.get("optional") and isinstance(found.get("name"), str):
                yield Reference(kind, found["name"], found.get("key"), (*route, number, "valueFrom", field, "name"))


def _volumes(route: Route, volumes: Any) -> Iterator[Reference]:
    for number, volume in enumerate(volumes if isinstance(volumes, list) else []):
        if isinstance(volume, dict):
            yield from _volume((*route, number), volume)
            projected = volume.get("projected")
            sources = projected.get("sources") if isinstance(projected, dict) else None
            for index, source in enumerate(sources if isinstance(sources, list) else []):
                if isinstance(source, dict):
                    yield from _volume((*route, number, "projected", "sources", index), source)


def _volume(route: Route, source: Mapping[str, Any]) -> Iterator[Reference]:
    for field, key, kind in _VOLUME_SOURCES:
        found = source.get(field)
        if isinstance(found, dict) and not found.get("optional"):
            yield from _name(kind, (*route, field, key), found.get(key))


def pod_references(route: Route, object: dict[str, Any]) -> Iterator[Reference]:
    """Yield the references of the pods in an object, with `route` before their place in it."""
    for at, spec in pod_specs(object):
        here = (*route, *at)
        yield from _name("ServiceAccount", (*here, "serviceAccountName"), spec.get("serviceAccountName"))
        yield from _name("RuntimeClass", (*here, "runtimeClassName"), spec.get("runtimeClassName"))
        yield from _pull_secrets((*here, "imagePullSecrets"), spec.get("imagePullSecrets"))
        yield from _volumes((*here, "volumes"), spec.get("volumes"))
        for kind, number, container in containers(spec):
            yield from _env((*here, kind, number, "env"), container.get("env"))
            sources = container.get("envFrom")
            for index, source in enumerate(sources if isinstance(sources, list) else []):
                for field, named in _ENV_FROM:
                    found = source.get(field) if isinstance(source, dict) else None
                    if isinstance(found, dict) and not found.get("optional"):
                        yield from _name(
                            named, (*here, kind, number, "envFrom", index, field, "name"), found.get("name")
                        )
