"""Which Secrets the objects of a stack read, and which keys of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmstack.objects.extra import UNIT as EXTRA
from llmstack.objects.placed import Placed, may_name

Use = Literal["env", "all", "pull", "certificate"]
PULL_KEY = ".dockerconfigjson"
CERTIFICATE_KEYS = ("tls.crt", "tls.key")
WEBHOOK = "webhook-server-cert"
"""The volume of the LoRA controller's serving certificate."""


class SecretReference(Struct, frozen=True):
    """One Secret: the keys that are read (in order), and who reads it (`models`, `router`: not which models, so that
    one more of them changes no page).

    `whole` is true where every key is read (`envFrom`, a volume); `certificate` where something makes it of
    itself as a rule (the TLS secrets of an Ingress, which cert-manager writes).
    """

    name: str
    keys: tuple[str, ...]
    readers: tuple[str, ...]
    whole: bool = False
    certificate: bool = False

    @property
    def type(self) -> str:
        """The Secret's type: Kubernetes asks for one where it reads keys of fixed names."""
        return type_for(self.keys)


def type_for(keys: Iterable[str]) -> str:
    """The type of a Secret with these keys (kubernetes.io, "Types of Secret")."""
    if PULL_KEY in keys:
        return "kubernetes.io/dockerconfigjson"
    return "kubernetes.io/tls" if any(key in CERTIFICATE_KEYS for key in keys) else "Opaque"


def secret_references(objects: Iterable[Placed]) -> list[SecretReference]:
    """The Secrets that are referred to, by name; those of extra objects, which are people's own, are left out."""
    found: dict[str, list[tuple[Use, str | None, str]]] = {}
    for placed in objects:
        if placed.unit != EXTRA:
            reader = placed.unit.partition("/")[0]
            for name, use, key in _uses(placed.object):
                found.setdefault(name, []).append((use, key, reader))
    return [_reference(name, uses) for name, uses in sorted(found.items())]


def _reference(name: str, uses: list[tuple[Use, str | None, str]]) -> SecretReference:
    keys = {key for _, key, _ in uses if key}
    kinds = {use for use, _, _ in uses}
    if "pull" in kinds:
        keys.add(PULL_KEY)
    certificate = kinds == {"certificate"}
    return SecretReference(
        name,
        CERTIFICATE_KEYS if certificate else tuple(sorted(keys)),
        tuple(sorted({reader for _, _, reader in uses})),
        whole="all" in kinds,
        certificate=certificate,
    )


def _uses(value: Any) -> Iterator[tuple[str, Use, str | None]]:
    """Yield (Secret, how it is read, key) for every reference within a value. Optional ones are left out."""
    if isinstance(value, list):
        yield from (found for item in value for found in _uses(item))
    for field, item in value.items() if isinstance(value, dict) else ():
        if field in _LISTED and isinstance(item, list):
            yield from (found for each in item for found in _named(each, *_LISTED[field]))
        elif field in _READ:
            yield from _named(item, *_READ[field])
        elif field == "secret" and isinstance(item, dict):
            yield from _volume(value, item)
        elif may_name(field, item) and field != "resources":
            yield from _uses(item)


_LISTED: Mapping[str, tuple[str, Use]] = {"imagePullSecrets": ("name", "pull"), "tls": ("secretName", "certificate")}
"""Fields with a list of references: where the name stands in each, and how the Secret is read."""

_READ: Mapping[str, tuple[str, Use, str]] = {
    "secretKeyRef": ("name", "env", "key"),
    "credentialsSecretRef": ("name", "env", "key"),
    "vllmApiKey": ("secretName", "env", "secretKey"),
    "secretRef": ("name", "all", ""),
}
"""Fields with one reference: where the name stands, how the Secret is read, and where its key stands."""


def _volume(volume: dict[str, Any], source: dict[str, Any]) -> Iterator[tuple[str, Use, str | None]]:
    """Yield what a volume, or a source of a projected one, reads: some keys, or all."""
    name = "secretName" if "secretName" in source else "name"
    items = [item.get("key") for item in source.get("items") or () if isinstance(item, dict)]
    use: Use = "certificate" if volume.get("name") == WEBHOOK else "env" if items else "all"
    for key in items or [None]:
        for found in _named(source, name, use):
            yield (*found[:2], key)


def _named(value: Any, name: str, use: Use, key: str = "") -> Iterator[tuple[str, Use, str | None]]:
    if isinstance(value, dict) and isinstance(value.get(name), str) and value[name] and not value.get("optional"):
        yield value[name], use, value.get(key)
