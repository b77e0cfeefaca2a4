"""The model's weights do not fit where they are kept.

With `pvcStorage` the weights are downloaded to the claim (HF_HOME is /data). A claim that is smaller than the files is
full before the engine starts, and the pod ends with an error at every try. Shared storage holds the weights of every
model of the environment. Without either they are written inside the container, and a pod whose files exceed its limit
of `ephemeral-storage` is evicted. It is a warning, because some provisioners (local-path, hostPath) hold no claim to
its size. The size is that of facts/models/, or of the catalogue that comes with llmstack. Models that are loaded from a
path are left alone, and so are claims that exist already.

Fix: room for the weights, and for the next revision beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from llmstack.checks.engines import Asked, alike_engines, engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.bound import least_known
from llmstack.engine.memory import GIB
from llmstack.finding import Route, Severity
from llmstack.fit.question import hub_name
from llmstack.kubernetes.quantities import quantity
from llmstack.objects.engine_container import resources

RULE = Declaration("claim-size", Severity.WARNING, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    for group in alike_engines(subject) if not stack.shared_storage.enabled else ():
        wanted = downloaded(group[0])
        for asked in group if wanted else ():
            size = asked.model.pvc_storage
            if not asked.model.pvc_existing_claim_name:  # the sizes of others' claims are not known
                yield from _in_claim(asked, size, wanted) if size else _in_container(asked)
    yield from _shared(subject)


def _in_claim(asked: Asked, size: str, wanted: int) -> Iterator[Problem]:
    what = f"the claim of `{asked.model.name}` has {size}"
    yield from _compare(what, size, wanted, "pvcStorage", (*asked.route, "pvcStorage"))


def downloaded(asked: Asked) -> int:
    """Bytes that a model downloads from the hub, at least; 0 for one that does not, or whose size is not known."""
    facts = asked.question.facts
    if hub_name(asked.model) is None or facts is None:
        return 0
    return facts.weights.bytes if facts.weights is not None else least_known(facts).total


def _in_container(asked: Asked) -> Iterator[Problem]:
    sizes = (resources(asked.model) or {}).get("limits")
    limit = sizes.get("ephemeral-storage") if isinstance(sizes, dict) else None
    if limit:
        what = f"`{asked.model.name}` may keep {limit} in its container"
        route = (*asked.route, "resources", "limits", "ephemeral-storage")
        yield from _compare(what, str(limit), downloaded(asked), "ephemeral-storage", route)


def _shared(subject: Subject) -> Iterator[Problem]:
    """All models of the environment beside each other, each of a name once; a path or an NFS export has no size."""
    storage = subject.stack.shared_storage
    if storage.enabled and storage.size and not storage.is_static and "size" in storage.model_fields_set:
        models = {hub_name(asked.model): downloaded(asked) for asked in engines(subject)}
        what = f"the shared storage has {storage.size}"
        yield from _compare(what, storage.size, sum(models.values()), "size", ("sharedStorage", "size"))


def _compare(what: str, held: str, wanted: int, key: str, route: Route) -> Iterator[Problem]:
    if _is_smaller(held, wanted):
        help = f"{key}: {-(-2 * wanted // GIB)}Gi holds two revisions"
        yield Problem(f"{what}; its weights are {wanted / GIB:.1f} GiB or more", route, help=help)


@lru_cache(maxsize=1 << 10)
def _is_smaller(held: str, wanted: int) -> bool:
    """Whether a size is under so many bytes; a fleet has few sizes and few models."""
    size = quantity(held)
    return size is not None and size < wanted
