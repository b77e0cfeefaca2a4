"""Classes of storage."""

from __future__ import annotations

from llmstack.kubernetes.pods import Object, value_at

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def is_default_class(storage_class: Object) -> bool:
    """Whether claims that name no class are of this one (pkg/apis/storage/util/helpers.go, `IsDefaultAnnotation`)."""
    return any(value_at(storage_class, "metadata", "annotations", name) == "true" for name in _DEFAULT)
