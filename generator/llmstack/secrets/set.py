"""`secret set`: one value of one Secret, encrypted into overlays/<env>/secrets/."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from llmstack import programs, yamlio
from llmstack.disk.apply import apply
from llmstack.disk.error import DiskError
from llmstack.disk.plan import Change, WritePlan
from llmstack.errors import IrregularFileError, RefusedError, UsageError
from llmstack.finding import Finding
from llmstack.kubernetes.names import LABEL
from llmstack.model.gitops import Gitops
from llmstack.objects.secret_references import secret_references, type_for
from llmstack.repository.environments import Environment
from llmstack.repository.intended import refuse_another
from llmstack.repository.project import Project
from llmstack.repository.read import read_environment
from llmstack.repository.units import encrypted_manifests
from llmstack.secrets import sealed_secrets, sops
from llmstack.secrets.known_values import is_known_value, remember_value
from llmstack.tree import secrets
from llmstack.tree.units import secrets_folder

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
"""A key of a Secret (kubernetes.io, "Secrets": alphanumeric characters, `-`, `_` and `.`)."""


class Stored(Struct, frozen=True):
    """What became of a value: the manifest, whether it was written, and whether the stack reads the key."""

    path: str
    written: bool
    is_new: bool
    is_read: bool
    certificate: str | None = None
    """The fingerprint of the certificate that it is sealed for."""


class _Encrypted(Struct, frozen=True):
    """The manifest's text, the key's ciphertext in it, and for whom it is encrypted."""

    text: str
    ciphertext: str
    context: str
    certificate: str | None = None


class _Target(Struct, frozen=True):
    """Where a value goes, and what is there."""

    gitops: Gitops
    environment: str
    name: str
    key: str
    path: str
    before: str | None
    object: Mapping[str, Any]
    """The manifest that is there, empty when there is none."""

    @property
    def place(self) -> str:
        return f"{self.environment}/{self.name}/{self.key}"


def set_secret(
    project: Project,
    environment: Environment,
    name: str,
    key: str,
    value: str,
    *,
    now: datetime,
    tool_folder: Path | None,
) -> tuple[list[Finding], Stored | None]:
    """Encrypt a value and write its manifest, unless it is known to hold that value already.

    Gives the findings alone when the values cannot be read. Raises UsageError for a name, a key or a backend that
    cannot be meant, RefusedError for a file that is something else, ToolError and DiskError.
    """
    reading = read_environment(project.disk, environment)
    refuse_another([reading.layers])
    if reading.subject is None:
        return list(reading.findings), None
    gitops = reading.subject.stack.gitops
    _check(gitops, environment.name, name, key, value)
    target = _look(project, gitops, environment.name, name, key)
    encrypt = _ENCRYPT[gitops.secrets.backend]
    made = encrypt(project, target, value, now, tool_folder)
    read = any(
        name == each.name and (key in each.keys or each.whole) for each in secret_references(reading.subject.objects)
    )
    stored = Stored(target.path, made.text != target.before, target.before is None, read, made.certificate)
    if stored.written:
        before = None if target.before is None else target.before.encode()
        change = Change(target.path, before, made.text.encode(), "create" if before is None else "write")
        apply(WritePlan((change,), ()), project.root)
    with suppress(DiskError):  # it is set all the same, and where it is not remembered, encrypted anew the next time
        remember_value(project.root, target.place, value, context=made.context, ciphertext=made.ciphertext)
    return [], stored


def _check(gitops: Gitops, environment: str, name: str, key: str, value: str) -> None:
    backend = gitops.secrets.backend
    if backend not in _ENCRYPT:
        advice = {
            "existing": f"overlays/{environment}/REQUIREMENTS.md has the kubectl command, and `llmstack explain "
            "gitops.secrets` the backends that do",
            "external-secrets": "put the value into the store that it reads",
        }.get(backend, "")
        raise UsageError(
            f"gitops.secrets.backend of {environment} is {backend}, which keeps no secrets in Git: {advice}"
        )
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise UsageError(f"`{name}` is not a name of a Secret: lower-case letters, digits, `-` and `.`")
    if name == "kustomization":
        raise UsageError("a Secret named `kustomization` would replace secrets/kustomization.yaml")
    if not _KEY.fullmatch(key):
        raise UsageError("a key of a Secret is letters, digits, `-`, `_` and `.`")
    if not value:
        raise UsageError("the value is empty")


def _is_link(project: Project, path: str) -> bool:
    try:
        return project.disk.resolve(path) != path
    except IrregularFileError:
        return True  # it leads out


def _look(project: Project, gitops: Gitops, environment: str, name: str, key: str) -> _Target:
    """What is at the manifest's place; RefusedError for anything but the same Secret, encrypted by this backend."""
    file = f"{name}.yaml"
    path = f"{secrets_folder(environment)}/{file}"
    if _is_link(project, path):
        raise RefusedError([f"{path} is a symbolic link, and those are not followed"])
    before = encrypted_manifests(project.disk, environment).get(file)
    if before is None:
        if file in project.disk.entries(secrets_folder(environment)):
            raise RefusedError([f"{path} is not an encrypted manifest: move it away"])
        return _Target(gitops, environment, name, key, path, None, {})
    manifest = secrets.read_manifest(file, before)
    if manifest is None or manifest.backend != gitops.secrets.backend or manifest.name != name:
        backend = gitops.secrets.backend
        raise RefusedError([f"{path} is not the Secret `{name}` as {backend} encrypts it: move it away, or remove it"])
    if manifest.namespace != gitops.namespace:
        reason = (
            f"{path} is for namespace `{manifest.namespace}`, not `{gitops.namespace}`: remove it, set all its keys"
        )
        raise RefusedError([reason])
    return _Target(gitops, environment, name, key, path, before, yamlio.load(before))


def _with_sops(project: Project, target: _Target, value: str, now: datetime, tool_folder: Path | None) -> _Encrypted:
    recipients = sorted(target.gitops.secrets.age or ())
    context = f"sops:{','.join(recipients)}"
    field = "data" if target.key in (target.object.get("data") or {}) else "stringData"
    if field == "data":
        raise RefusedError([f"{target.path} has `{target.key}` under data, in base64: remove it there first"])
    held = (target.object.get(field) or {}).get(target.key)
    same_readers = recipients == sorted(each["recipient"] for each in target.object.get("sops", {}).get("age", ()))
    program = programs.find_tool(sops.SOPS, tool_folder)
    if target.before is not None and held is not None and same_readers:
        known = is_known_value(project.root, target.place, value, context=context, ciphertext=held)
        if known or sops.decrypt_value(program, target.before, field, target.key) == value:
            return _Encrypted(target.before, held, context)
    text = _sops_manifest(program, target, field, value, recipients, same_readers=same_readers)
    return _Encrypted(text, yamlio.load(text)[field][target.key], context)


def _sops_manifest(
    program: Path, target: _Target, field: str, value: str, recipients: list[str], *, same_readers: bool
) -> str:
    others = [key for name in secrets.FIELDS for key in target.object.get(name) or () if key != target.key]
    if target.before is None or not others:
        own = {key: item for key, item in target.object.items() if key not in ("sops", *secrets.FIELDS)}
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": target.name, "namespace": target.gitops.namespace},
            "type": type_for([target.key]),
            **own,
            "stringData": {target.key: value},
        }
        return _quiet(lambda: sops.encrypt(program, manifest, recipients), value)
    if not same_readers:
        advice = f"give it the new ones first: `sops updatekeys {target.path}`"
        raise RefusedError([f"{target.path} is encrypted for other recipients than gitops.secrets.age: {advice}"])
    before = target.before
    try:
        return _quiet(lambda: sops.set_value(program, before, field, target.key, value), value)
    except programs.ToolError as error:
        said = str(error).partition("\n")[0].rstrip(".")
        advice = "it holds other keys, so sops needs an age key to change it (SOPS_AGE_KEY_FILE)"
        raise programs.ToolError(
            f"{target.path}: {said}\n{advice}; or remove the file and set every key again"
        ) from None


def _quiet(run: Callable[[], str], value: str) -> str:
    """Run it; whatever the program says when it fails, it does not say the value."""
    try:
        return run()
    except programs.ToolError as error:
        raise programs.ToolError(str(error).replace(value, "***")) from None


def _with_certificate(
    project: Project, target: _Target, value: str, now: datetime, tool_folder: Path | None
) -> _Encrypted:
    """Seal the value for its key; other keys stay as they are."""
    certificate = _certificate(project, target.gitops.secrets.certificate or "", now)
    context = f"sealed-secrets:{certificate.fingerprint}"
    spec = target.object.get("spec", {})
    held = spec.get("encryptedData", {}).get(target.key)
    before = target.before
    if before and held and is_known_value(project.root, target.place, value, context=context, ciphertext=held):
        return _Encrypted(before, held, context, certificate.fingerprint)
    namespace = target.gitops.namespace
    ciphertext = sealed_secrets.seal(certificate, namespace, target.name, value)
    data = {**spec.get("encryptedData", {}), target.key: ciphertext}
    metadata = {"name": target.name, "namespace": namespace}
    template = {"metadata": metadata, "type": type_for(data), **(spec.get("template") or {})}
    manifest = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": metadata,
        **target.object,
        "spec": {**spec, "encryptedData": data, "template": template},
    }
    return _Encrypted(yamlio.dump(manifest), ciphertext, context, certificate.fingerprint)


def _certificate(project: Project, path: str, now: datetime) -> sealed_secrets.Certificate:
    if not path:
        raise UsageError("gitops.secrets.certificate names no file: `kubeseal --fetch-cert` prints the certificate")
    content = project.disk.read_bytes(path)
    if content is None:
        raise UsageError(f"{path} (gitops.secrets.certificate) cannot be read: No such file or directory")
    return sealed_secrets.read_certificate(path, content, now)


_ENCRYPT: Mapping[str, Callable[[Project, _Target, str, datetime, Path | None], _Encrypted]] = {
    "sops": _with_sops,
    "sealed-secrets": _with_certificate,
}
"""By `gitops.secrets.backend`: what encrypts one value."""
