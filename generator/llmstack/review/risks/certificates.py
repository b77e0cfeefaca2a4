"""Secrets with the certificates of https, that an Ingress or a Gateway begins to name and nothing here makes.

An ingress controller then shows a certificate of its own (ingress-nginx, "Default SSL Certificate"), and a Gateway's
listener does not serve (Gateway API, `InvalidCertificateRef`).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import Object, identity_of, maps, value_at
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.unforeseen import Unforeseen
from llmstack.review.ways_in.needs import Need, provided

_MADE_BY = ("cert-manager.io/", "kubernetes.io/tls-acme", "cert.gardener.cloud/")
"""How annotations begin by which a controller makes the Secret."""


def certificates(assessment: Assessment) -> Iterator[Unforeseen]:
    """Yield each object that begins to name one, but for a Secret that was named before, or that the cluster has."""
    had = {need for obj in assessment.before for need in _named_by(obj)}
    there = had | provided(assessment.after).keys() | {_made_by(obj) for obj in assessment.after}
    for change in assessment.changes if assessment.before else ():
        for _, space, name in sorted(_named_by(change.after) - there):
            if ("Secret", name) not in assessment.facts[1].existing:
                message = (
                    f"it begins to name Secret `{name}` for https, which nothing here makes in `{space or 'default'}`: "
                    "without it callers see another certificate, and refuse it, or are not served"
                )
                yield change.key, message, "See that it is there before the merge, or name it in `gitops.existing`."


def _named_by(obj: Object | None) -> set[Need]:
    """The Secrets that an Ingress or a Gateway names for its hosts, unless its annotations have them made."""
    if obj is None or obj.get("kind") not in ("Ingress", "Gateway"):
        return set()
    if any(str(key).startswith(_MADE_BY) for key in value_at(obj, "metadata", "annotations") or {}):
        return set()
    own = identity_of(obj)[1]
    named = [(own, each.get("secretName")) for each in maps(value_at(obj, "spec", "tls"))]
    for listener in maps(value_at(obj, "spec", "listeners")):
        refs = maps(value_at(listener, "tls", "certificateRefs"))
        named += [(str(ref.get("namespace") or own), ref.get("name")) for ref in refs if _is_secret(ref)]
    return {("Secret", space, str(name)) for space, name in named if name}


def _made_by(obj: Object) -> Need:
    """The Secret that cert-manager makes of a Certificate (cert-manager.io, "Certificate")."""
    name = value_at(obj, "spec", "secretName") if obj.get("kind") == "Certificate" else None
    return "Secret", identity_of(obj)[1], str(name)


def _is_secret(ref: Object) -> bool:
    return str(ref.get("kind", "Secret")) == "Secret"
