"""How long a pod takes from scheduled to ready, where that was measured: by the values, else by facts."""

from __future__ import annotations

from msgspec import Struct

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import model_of, specs_of_replica
from llmstack.review.facts import Facts, names_of


class Measured(Struct, frozen=True):
    """Seconds; the worst is no less than the usual."""

    usual: int
    worst: int
    assumed: bool = False
    """Whether it was measured of another image, or under another name, or differs from start to start."""


def load_of(obj: Object, facts: Facts) -> Measured | None:
    """The load time of a workload's pods; None where nobody measured it.

    Of facts, the one of the pods' own image; else, assumed, that of the image which was measured most often. A model
    that was renamed (`movedFrom`) loads as it did under its former name.
    """
    stated = facts.loads_of.get(str(obj["metadata"]["name"]))
    if stated is not None:
        return Measured(stated, stated)
    model = model_of(obj)
    if model is None:
        return None
    if model in facts.load_seconds:
        return Measured(facts.load_seconds[model], facts.load_seconds[model])
    if facts.cluster is None:
        return None
    names = [model, *names_of(model, facts.moved_from) - {model}]
    own = facts.cluster.load_of(model, _image(obj))
    alike = (facts.cluster.load_of(name, _image(obj)) for name in names)
    others = (load for name in names for load in facts.cluster.loads_of(name))
    found = next(filter(None, alike), None) or next(others, None)
    return Measured(found.median, found.worst, own is None or own.median != own.worst) if found is not None else None


def _image(obj: Object) -> str:
    containers = specs_of_replica(obj)[0][0].get("containers") or ()
    return next((str(each.get("image") or "") for each in containers), "")
