"""A key is missing that something enabled cannot do without.

An enabled model has a `name`, an image (`repository` and `tag`) and a `modelURL`; an init container has an
image, a reference to a Secret both its name and its key, the shared storage a size, an NFS export server and
path, a KEDA fallback both its keys, a LeaderWorkerSet a size, a LoRA adapter a name, a base model and a source.
Objects made without them are refused by the API, or run something else than was meant.

Fix: add the key, or disable what it belongs to. The check cannot be turned off.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity, show_route
from llmstack.model.autoscaling import Fallback
from llmstack.model.containers import InitContainer
from llmstack.model.models import Model
from llmstack.model.secret_ref import SecretReference
from llmstack.model.storage import SharedStorage
from llmstack.model.value_help import MISSING
from llmstack.objects.parallel import says_elsewhere

RULE = Declaration("missing-key", Severity.ERROR, foundation=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        yield from _model(at, model)
    stack = subject.stack
    yield from _reference(("servingEngineSpec", "vllmApiKey"), stack.engine.vllm_api_key)
    if stack.router_spec.enable_router:
        yield from _reference(("routerSpec", "hf_token"), stack.router_spec.hf_token)
        yield from _reference(("routerSpec", "vllmApiKey"), stack.router_spec.vllm_api_key)
        yield from _image(("routerSpec",), stack.router_spec.repository, stack.router_spec.tag)
    if stack.cache_server_spec.enable_server:
        yield from _image(
            ("cacheServerSpec", "image"),
            stack.cache_server_spec.image.repository,
            stack.cache_server_spec.image.tag,
        )
    if stack.shared_storage.enabled:
        yield from _storage(stack.shared_storage)
    yield from _adapters(subject)


def _model(at: Route, model: Model) -> Iterator[Problem]:
    if not model.name:
        yield _missing(at, "name")
    if not model.model_url and not says_elsewhere(model):
        yield _missing(at, "modelURL")
    yield from _image(at, model.repository, model.tag)
    yield from _reference((*at, "hf_token"), model.hf_token)
    yield from _inits((*at, "initContainer"), model.init_container)
    if model.keda is not None and model.keda.enabled:
        yield from _fallback((*at, "keda", "fallback"), model.keda.fallback)
    if (
        model.env_from_secret is not None
        and model.env_from_secret.name is None
        and model.env_from_secret.model_fields_set
    ):
        yield _missing((*at, "envFromSecret"), "name")
    if model.uses_lws and model.lws_spec is not None and model.lws_spec.size is None:
        yield _missing((*at, "lwsSpec"), "size")
    if model.uses_ray and model.ray_spec is not None and model.ray_spec.head_node is not None:
        yield from _inits((*at, "raySpec", "headNode", "initContainer"), model.ray_spec.head_node.init_container)


def _fallback(at: Route, fallback: Fallback | None) -> Iterator[Problem]:
    """KEDA takes both or none (ScaledObject's own schema requires them)."""
    if fallback is None or (fallback.failure_threshold is None) == (fallback.replicas is None):
        return
    yield _missing(at, "replicas" if fallback.replicas is None else "failureThreshold")


def _storage(storage: SharedStorage) -> Iterator[Problem]:
    nfs = storage.nfs
    if not storage.host_path and bool(nfs.server) != bool(nfs.path):
        yield _missing(("sharedStorage", "nfs"), "path" if nfs.server else "server")
    if storage.size is None:
        yield _missing(("sharedStorage",), "size")


def _inits(at: Route, inits: list[InitContainer] | None) -> Iterator[Problem]:
    for number, init in enumerate(inits or []):
        if not init.image:
            yield _missing((*at, number), "image")


def _image(at: Route, repository: str | None, tag: str | None) -> Iterator[Problem]:
    if not repository:
        yield _missing(at, "repository")
    if not tag and "@sha256:" not in (repository or ""):
        yield _missing(at, "tag")


def _reference(at: Route, value: SecretReference | str | None) -> Iterator[Problem]:
    """`{secretName: ""}` means unset; one of the two alone is half a reference."""
    if not isinstance(value, SecretReference):
        return
    if value.secret_name and not value.secret_key:
        yield _missing(at, "secretKey")
    if value.secret_key and value.secret_name is None:
        yield _missing(at, "secretName")


def _adapters(subject: Subject) -> Iterator[Problem]:
    for number, adapter in enumerate(subject.stack.lora_adapters or []):
        at: Route = ("loraAdapters", number)
        if adapter.enabled is False:
            continue
        yield from _reference((*at, "vllmApiKey"), adapter.vllm_api_key)
        if not adapter.name and not (adapter.adapter_source and adapter.adapter_source.adapter_name):
            yield _missing(at, "name")
        if not adapter.base_model:
            yield _missing(at, "baseModel")
        source = adapter.adapter_source
        if source is None:
            yield _missing(at, "adapterSource")
            continue
        if source.type is None:
            yield _missing((*at, "adapterSource"), "type")
        yield from _reference((*at, "adapterSource", "credentials"), source.credentials)


def _missing(at: Route, key: str) -> Problem:
    shown = at[1:] if at[:2] == ("servingEngineSpec", "modelSpec") else at
    secret = bool({"hf_token", "vllmApiKey", "credentials"} & set(at))
    return Problem(f"`{key}` is missing in {show_route(shown)}", (*at, key), MISSING.get(key), secret=secret)
