"""Claims that are to grow, and whether their class lets them, where facts know it."""

from __future__ import annotations

from fractions import Fraction

from llmstack.facts.cluster import ClusterFacts, StorageClass
from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.quantities import quantity
from llmstack.review.change import ObjectChange


def class_that_refuses(change: ObjectChange, cluster: ClusterFacts | None) -> StorageClass | None:
    """The class of a claim that grows while its class does not let it; None where it does, or that is not known.

    (PersistentVolumeClaimResize, plugin/pkg/admission/storage/persistentvolume/resize/admission.go: only claims of a
    class with `allowVolumeExpansion` grow.)
    """
    if change.kind != "PersistentVolumeClaim" or change.before is None or change.after is None or cluster is None:
        return None
    before, after = _size(change.before), _size(change.after)
    if before is None or after is None or after <= before:
        return None
    found = _class_of(change.before, cluster.storage_classes or ())
    return found if found is not None and not found.expands else None


def _class_of(claim: Object, classes: tuple[StorageClass, ...]) -> StorageClass | None:
    """The class that a claim names, or the only default one; None where facts do not know it."""
    name = value_at(claim, "spec", "storageClassName")
    fitting = [each for each in classes if (each.default if name is None else each.name == name)]
    return fitting[0] if len(fitting) == 1 else None


def _size(claim: Object) -> Fraction | None:
    return quantity(value_at(claim, "spec", "resources", "requests", "storage"))
