"""The forms of names that the API server takes: of objects by their kind, of labels, ports, volumes and containers.

Sources: k8s.io/apimachinery, pkg/util/validation/validation.go (IsDNS1123Label, IsDNS1123Subdomain, IsDNS1035Label,
IsQualifiedName, IsValidLabelValue, IsValidPortName) and pkg/api/validation (NameIsDNSSubdomain, path segments of RBAC;
TotalAnnotationSizeLimitB); k8s.io/kubernetes, pkg/apis/batch/validation (52 characters of a CronJob; a Job's name is a
label of its pods); apiextensions-apiserver, pkg/registry/customresource (custom resources are DNS subdomains).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

MOST_ANNOTATIONS = 256 << 10
"""Bytes of all the annotations of an object, keys and values."""
LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
"""A DNS label, of 63 characters at most."""

_LABEL = re.compile(LABEL)
_LETTER_FIRST = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_PATH = re.compile(r"(?!\.\.?$)[^/%]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PORT = re.compile(r"(?=[^a-z]*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?")


class Form(Struct, frozen=True):
    """How the names of a kind are made: at most so many characters, of a pattern, as it is told."""

    limit: int
    pattern: re.Pattern[str]
    told: str


SERVICE = Form(63, _LETTER_FIRST, "a letter, then letters, digits and `-`")
"""A Service's before Kubernetes 1.36, which takes a digit first (feature gate RelaxedServiceNameValidation)."""
_NARROW = Form(63, _LABEL, "letters, digits and `-`")
_ROLE = Form(253, _PATH, "a path segment")
_OBJECT = Form(253, _SUBDOMAIN, "lower-case DNS labels joined by dots")
_FORMS: Mapping[str, Form] = {
    "Service": _NARROW,
    "Namespace": _NARROW,
    "CronJob": Form(52, _SUBDOMAIN, "DNS labels"),
    "Job": Form(63, _SUBDOMAIN, "DNS labels"),
    "Role": _ROLE,
    "RoleBinding": _ROLE,
    "ClusterRole": _ROLE,
    "ClusterRoleBinding": _ROLE,
}
"""Of kinds that differ from the rest."""


def form_of(kind: str) -> Form:
    """Return the form of a kind's names, as the newest Kubernetes takes them."""
    return _FORMS.get(kind, _OBJECT)


def is_label(text: str) -> bool:
    """Whether a text is a DNS label, as names of containers and volumes are."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def is_port_name(text: str) -> bool:
    """Whether a text may name a port."""
    return _PORT.fullmatch(text) is not None


@lru_cache(maxsize=1 << 12)
def is_label_value(text: str) -> bool:
    """Whether a text may be the value of a label."""
    return not text or _NAME.fullmatch(text) is not None


@lru_cache(maxsize=1 << 12)
def key_fault(key: str) -> str | None:
    """What is wrong with the key of a label or an annotation, None when nothing is."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (_SUBDOMAIN.fullmatch(prefix) and len(prefix) <= 253):
        return "what is before the `/` is a DNS name"
    if not _NAME.fullmatch(name):
        return "a name has at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends"
    return None


def annotations_fault(annotations: Mapping[Any, Any]) -> str | None:
    """What is wrong with all annotations of an object together, None when nothing is."""
    size = sum(len(str(text).encode("utf-8", "surrogatepass")) for pair in annotations.items() for text in pair)
    return (
        f"the annotations have {size:,} bytes, and an object has at most {MOST_ANNOTATIONS:,}"
        if size > MOST_ANNOTATIONS
        else None
    )
