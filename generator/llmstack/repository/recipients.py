"""Who can read the secrets of an environment, or gives them to the cluster: what its values, rules and files say."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import suppress

from llmstack.model.stack import Stack
from llmstack.repository.root import SUFFIXES
from llmstack.repository.snapshot import Snapshot
from llmstack.tree.readers import readers_of_file, readers_of_rules, rule_paths
from llmstack.tree.units import secrets_folder


def read_recipients(side: Snapshot, environment: str, stack: Stack | None) -> tuple[str, ...]:
    """The age recipients and other keys, the store, or the certificate with its fingerprint, each once.

    Raises FoundError where one of the files that say so is none that is read.
    """
    if stack is None:
        return ()
    secrets = stack.gitops.secrets
    if secrets.backend == "sops":
        stated = [f"age recipient {each}" for each in secrets.age or ()]
        return tuple(dict.fromkeys([*stated, *_of_rules(side, environment), *_of_files(side, environment)]))
    if secrets.backend == "sealed-secrets" and secrets.certificate:
        return (_name_certificate(secrets.certificate, side.read_bytes(secrets.certificate)),)
    if secrets.backend == "external-secrets" and secrets.store:
        return (f"{secrets.store_kind} {secrets.store}",)
    return ()


def _of_rules(side: Snapshot, environment: str) -> Iterator[str]:
    files = list(_files(side, environment))
    for path in rule_paths(environment):
        text = side.read(path)
        if text is not None:
            yield from readers_of_rules(path, text, environment, files)


def _of_files(side: Snapshot, environment: str) -> Iterator[str]:
    for name in _files(side, environment):
        yield from readers_of_file(side.read(f"{secrets_folder(environment)}/{name}") or "")


def _files(side: Snapshot, environment: str) -> Iterator[str]:
    """The names of the files in secrets/ that may be encrypted."""
    for name, kind in side.entries(secrets_folder(environment)).items():
        if not kind and name.endswith(SUFFIXES) and not name.startswith((".", "kustomization.")):
            yield name


def _name_certificate(path: str, content: bytes | None) -> str:
    """A certificate by its path, and by the fingerprint that `openssl x509 -fingerprint -sha256` prints of it."""
    if content is None:
        return f"certificate {path}"
    with suppress(ValueError):  # what is no certificate is told apart by its bytes
        content = ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip())
    return f"certificate {path} ({hashlib.sha256(content).hexdigest()[:16]})"
