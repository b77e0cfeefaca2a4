"""How long a pod takes from scheduled to ready, where that was measured: by the values, else by facts."""

from __future__ import annotations

from dataclasses import dataclass

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import model_of, specs_of_replica
from llmstack.review.facts import Facts


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds; the worst is no less than the usual."""

    usual: int
    worst: int
    assumed: bool = False
    """Whether it was measured of another image, or differs from start to start."""


def load_of(obj: Object, facts: Facts) -> Measured | None:
    """The load time of a workload's pods; None where nobody measured it.

    Of facts, the one of the pods' own image; else, assumed, that of the image which was measured most often.
    """
    model = model_of(obj)
    if model is None:
        return None
    if model in facts.load_seconds:
        return Measured(facts.load_seconds[model], facts.load_seconds[model])
    if facts.cluster is None:
        return None
    own = facts.cluster.load_of(model, _image(obj))
    found = own or next(iter(facts.cluster.loads_of(model)), None)
    return Measured(found.median, found.worst, own is None or own.median != own.worst) if found is not None else None


def _image(obj: Object) -> str:
    containers = specs_of_replica(obj)[0][0].get("containers") or ()
    return next((str(each.get("image") or "") for each in containers), "")
