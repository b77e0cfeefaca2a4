"""overlays/<env>/secrets/: the encrypted manifests that `llmstack secret set` writes, and the unit that lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity
from llmstack.model.stack import Stack
from llmstack.objects.placed import Object, Placed
from llmstack.objects.secret_references import secret_references
from llmstack.secrecy.encoded import CIPHERTEXT
from llmstack.secrecy.files import find_lines
from llmstack.tree.unit import KUSTOMIZATION, Files
from llmstack.tree.units import SECRETS, secrets_folder
from llmstack.values.encoding import unresolved

Backend = Literal["sops", "sealed-secrets"]
BACKENDS: tuple[str, ...] = ("sops", "sealed-secrets")
"""The backends whose Secrets stand in the tree, encrypted."""
FIELDS = ("data", "stringData")
"""Where a Secret holds values: what SOPS is told to encrypt."""
ENCRYPTED = f"^({'|'.join(FIELDS)})$"
"""The same as the expression that it takes: name, namespace and keys stay readable."""


class Manifest(Struct, frozen=True):
    """One encrypted manifest: the file's name, what encrypted it, and the Secret it makes."""

    file: str
    backend: Backend
    name: str
    namespace: str
    keys: frozenset[str]

    @property
    def placed(self) -> Placed:
        """The object as the unit has it, without what is in it."""
        version, kind = ("v1", "Secret") if self.backend == "sops" else ("bitnami.com/v1alpha1", "SealedSecret")
        metadata = {"name": self.name, "namespace": self.namespace}
        return Placed(SECRETS, self.file, {"apiVersion": version, "kind": kind, "metadata": metadata})


def read_manifest(file: str, text: str) -> Manifest | None:
    """The encrypted manifest that a file holds; None when it holds anything else, a Secret in plain text above all."""
    try:
        documents = yamlio.load_all(text)
    except yamlio.YAMLError:
        return None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    object = documents[0]
    metadata, spec = object.get("metadata"), object.get("spec")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return None
    name, namespace = metadata["name"], str(metadata.get("namespace", ""))
    if object.get("kind") == "SealedSecret" and isinstance(spec, dict):
        keys = frozenset(spec.get("encryptedData") or ())
        return Manifest(file, "sealed-secrets", name, namespace, keys)
    if is_encrypted(object):
        keys = frozenset(key for field in FIELDS for key in object.get(field) or ())
        return Manifest(file, "sops", name, namespace, keys)
    return None


def is_encrypted(object: Mapping[str, Any]) -> bool:
    """Whether an object is a Secret that SOPS encrypted, every value of it.

    A value then reads `ENC[AES256_GCM,…]`, and the block `sops` has the MAC over all of them (getsops.io, "Encryption
    protocol").
    """
    block = object.get("sops")
    if object.get("kind") != "Secret" or not isinstance(block, dict) or not block.get("mac"):
        return False
    fields = [object[field] for field in FIELDS if object.get(field) is not None]
    return all(isinstance(field, dict) and all(map(_is_ciphertext, field.values())) for field in fields)


def _is_ciphertext(value: object) -> bool:
    """SOPS leaves an empty text as it is."""
    return value == "" or (isinstance(value, str) and CIPHERTEXT.fullmatch(value) is not None)


def without_sops(object: Object) -> Object:
    """An encrypted Secret as Kubernetes knows it, without the block that SOPS adds; any other object as it is.

    Its ciphertexts are no base64, as `data` wants: they stand there as an empty text.
    """
    if not is_encrypted(object):
        return object
    bare = {key: value for key, value in object.items() if key != "sops"}
    return bare | ({"data": dict.fromkeys(bare["data"], "")} if bare.get("data") else {})


def manifests(stack: Stack, encrypted: Mapping[str, str]) -> list[Manifest]:
    """The manifests of the stack's backend, by file name. `encrypted` holds the texts of the files that are there."""
    found = [read_manifest(file, text) for file, text in sorted(encrypted.items())]
    return [each for each in found if each is not None and each.backend == stack.gitops.secrets.backend]


def lay_out_secrets(environment: str, found: Iterable[Manifest], header: str) -> Files:
    """The unit's kustomization, which lists the manifests; nothing when there is none."""
    files = [manifest.file for manifest in found]
    if not files:
        return {}
    body = {**KUSTOMIZATION, "resources": files}
    return {f"{secrets_folder(environment)}/kustomization.yaml": header + yamlio.dump(body)}


def secret_findings(
    environment: str, stack: Stack, objects: Iterable[Placed], encrypted: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield what is wrong with the files of secrets/: plain text, another namespace, Secrets that are missing."""
    backend = stack.gitops.secrets.backend
    for file, text in sorted(encrypted.items()):
        path = f"{secrets_folder(environment)}/{file}"
        if (conflict := unresolved(path, text)) is not None:
            yield conflict
        elif read_manifest(file, text) is None:
            message = (
                "this is not an encrypted manifest: it is not listed, and must not be committed if it holds a secret"
            )
            help = f"remove it, and use `llmstack secret set {environment} NAME KEY`"
            yield Finding("plaintext-secret", Severity.ERROR, message, place=Place(path), help=help, secret=True)
        else:
            yield from _left_plain(path, text)
    if backend not in BACKENDS:
        return
    found = manifests(stack, encrypted)
    for manifest in found:
        if manifest.namespace != stack.gitops.namespace:
            message = (
                f"Secret `{manifest.name}` is for namespace `{manifest.namespace}`, not `{stack.gitops.namespace}`"
            )
            place = Place(f"{secrets_folder(environment)}/{manifest.file}")
            help = f"remove it and set it again: `llmstack secret set {environment} {manifest.name} KEY`"
            yield Finding("secret-namespace", Severity.ERROR, message, place=place, help=help)
    yield from _missing(environment, stack, objects, found)


def _left_plain(path: str, text: str) -> Iterator[Finding]:
    """Yield the lines of an encrypted manifest on which a secret stands in plain text: annotations, other fields and
    comments stay as they are where the values are encrypted."""
    for line in find_lines(text):
        message = "this line holds a secret in plain text: of this file the values of the Secret alone are encrypted"
        help = "remove it, and replace the secret where it was issued: Git keeps what was committed"
        place = Place(path, line + 1, 1)
        yield Finding("plaintext-secret", Severity.ERROR, message, place=place, help=help, secret=True)


def _missing(environment: str, stack: Stack, objects: Iterable[Placed], found: list[Manifest]) -> Iterator[Finding]:
    """Yield a warning for each key that the stack reads and nothing brings."""
    brought = {manifest.name: manifest.keys for manifest in found}
    listed = stack.gitops.existing.secrets or {}
    for reference in secret_references(objects):
        if reference.certificate or reference.name in listed:
            continue
        keys = [key for key in reference.keys if key not in brought.get(reference.name, ())]
        if not keys and (reference.keys or reference.name in brought):
            continue
        named = f" with the key `{keys[0]}`" if keys else ""
        message = f"Secret `{reference.name}`{named} is not in {secrets_folder(environment)}/"
        help = f"run `llmstack secret set {environment} {reference.name} {keys[0] if keys else 'KEY'}`"
        yield Finding("missing-secret", Severity.WARNING, message, place=Place(secrets_folder(environment)), help=help)
