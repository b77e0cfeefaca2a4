"""ExternalSecrets: one for each Secret that the stack reads, where the External Secrets Operator brings them.

Fields are those of external-secrets.io/v1 (external-secrets.io, "ExternalSecret"): `data` fetches one remote
value for each key, `dataFrom.extract` all properties of one remote entry. `creationPolicy: Owner` makes the
Secret go with its ExternalSecret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from llmstack.model.gitops import Secrets
from llmstack.model.stack import Stack
from llmstack.objects import labels
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.secret_references import SecretReference, secret_references

UNIT = "stack"
BACKEND = "external-secrets"


def build(stack: Stack, objects: Iterable[Placed]) -> Iterator[Placed]:
    """Yield the ExternalSecret of each Secret that `objects` read; nothing with another backend.

    Certificates are left out: cert-manager or the cluster makes those.
    """
    if stack.gitops.secrets.backend != BACKEND:
        return
    for reference in secret_references(objects):
        if not reference.certificate:
            yield place(UNIT, external_secret(stack, reference), f"externalsecret-{reference.name}")


def external_secret(stack: Stack, reference: SecretReference) -> dict[str, Any]:
    """The ExternalSecret of one Secret. Keys of a Secret that is read as a whole are those of
    `gitops.existing.secrets` where that lists them, else all that the remote entry has."""
    secrets = stack.gitops.secrets
    listed = (stack.gitops.existing.secrets or {}).get(reference.name, ())
    keys = sorted({*reference.keys, *listed}) if reference.whole else list(reference.keys)
    everything = reference.whole and not listed
    template = {"type": reference.type} if reference.type != "Opaque" else None
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata(stack, reference.name, labels.labels(stack, "secrets", "secrets")),
        "spec": {
            "refreshInterval": secrets.refresh_interval,
            "secretStoreRef": {"name": secrets.store, "kind": secrets.store_kind or "ClusterSecretStore"},
            "target": {"name": reference.name, "creationPolicy": "Owner", "template": template},
            "data": [{"secretKey": key, "remoteRef": remote_reference(secrets, reference.name, key)} for key in keys]
            or None,
            "dataFrom": [{"extract": {"key": remote_entry(secrets, reference.name)}}] if everything else None,
        },
    }


def remote_reference(secrets: Secrets, secret: str, key: str) -> dict[str, str]:
    """Where one value is kept: by the template `gitops.secrets.key`, `{secret}` when unset.

    A template that does not say `{key}` names an entry with properties, and the key is one of them.
    """
    template = secrets.key or "{secret}"
    remote = template.replace("{secret}", secret).replace("{key}", key)
    return {"key": remote} if "{key}" in template else {"key": remote, "property": key}


def remote_entry(secrets: Secrets, secret: str) -> str:
    """The remote entry of a whole Secret: the template up to where it would say `{key}`."""
    before = (secrets.key or "{secret}").partition("{key}")[0]
    return re.sub(r"[^\w}]+\Z", "", before).replace("{secret}", secret)
