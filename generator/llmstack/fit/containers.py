"""The engines that containers start, in objects that no values made: what is asked of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.engine.settings import Settings
from llmstack.finding import Route
from llmstack.fit.card import Pools, card_on
from llmstack.fit.question import HUB_NAME, Known, Question, facts_of_name, no_facts_of, read_given, release_in
from llmstack.flags import catalogue_for, split_flags
from llmstack.kubernetes.accelerators import gpus_of_pod, is_whole_gpu
from llmstack.kubernetes.images import image_parts
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.served import Served, environment_of, find_served
from llmstack.model.gitops import Capacity
from llmstack.review.foreign import pod_specs_anywhere
from llmstack.review.rollout.placement import pool_of
from llmstack.review.wording import plural


class Key(Struct, frozen=True):
    """An engine: kind, namespace and name of its object, and the container that starts it, by its name and by where
    its pod stands: the roles of one object may name theirs alike."""

    kind: str
    namespace: str
    name: str
    container: str
    pod: Route


class Engine(Struct, frozen=True):
    """One engine of a stream, and what is asked of it; `name` is the model's, as its object has it."""

    name: str
    key: Key
    served: Served
    question: Question
    gpus: int
    """Accelerators of one pod."""
    is_whole: bool
    """Whether one pod with GPUs of its own, each a whole one, is all of the engine."""

    @property
    def subject(self) -> str:
        return f"{self.key.kind}/{self.key.name}"


def find_engines(
    objects: Sequence[Object], pools: Pools, versions: Mapping[str, str], known: Known | None = None
) -> Iterator[Engine]:
    """Yield the engines among the objects. `versions` are vLLM's releases by workload, where the images do not say."""
    for object in objects:
        for route, pod, copies in pod_specs_anywhere(object):
            for served in find_served(pod, route):
                yield _engine(object, pod, served, copies, pools, versions, known or {})


def names_loaded(objects: Sequence[Object]) -> set[str]:
    """The names on the hub of the models that engines among the objects load."""
    pods = (pod for object in objects for _, pod, _ in pod_specs_anywhere(object))
    names = {model_named(served) for pod in pods for served in find_served(pod)}
    return {name for name in names if name is not None and HUB_NAME.match(name)}


def model_named(served: Served) -> str | None:
    """The model that an engine is given, as it is written; None where its arguments do not say."""
    match = catalogue_for(*image_parts(served.image))
    words = [flag.values[0] for flag in split_flags(served.arguments, match.catalogue) if not flag.name and flag.values]
    return words[0] if words and "$(" not in words[0] else None


def _engine(
    object: Object,
    pod: Mapping[str, Any],
    served: Served,
    copies: int | None,
    pools: Pools,
    versions: Mapping[str, str],
    known: Known,
) -> Engine:
    metadata = object["metadata"]
    key = Key(
        str(object["kind"]),
        str(metadata.get("namespace") or ""),
        str(metadata["name"]),
        served.container,
        served.route[:-2],
    )
    match = catalogue_for(*image_parts(served.image), versions.get(key.name))
    resource, gpus = gpus_of_pod(pod, [pool.resource for pool in pools.declared])
    pool = _pool(pod, resource, pools)
    card = card_on(resource, pod.get("nodeSelector") or {}, pool) if resource else None
    variables = environment_of(_container(object, served.route))
    name = model_named(served)
    facts = facts_of_name(name if name and HUB_NAME.match(name) else None, known)
    given = tuple(served.arguments)
    settings, flags = read_given(given, match.catalogue, tuple(variables))
    question = Question(
        facts,
        card,
        match,
        settings,
        given,
        flags,
        (),
        pool.pool if pool else None,
        None if match.sureness == "guess" else release_in(versions.get(key.name) or image_parts(served.image)[1]),
        variables,
    )
    missing = tuple(_missing(question, name, served, gpus, copies, settings))
    is_whole = copies == 1 and is_whole_gpu(resource)
    label = model_of(object) or "/".join(filter(None, [key.name, _role(object, key.pod)]))
    return Engine(label, key, served, replace(question, missing=missing), gpus, is_whole)


def _role(object: Object, route: Route) -> str | None:
    """The name that an object of several pods gives the one at a route (`roles: [{name: prefill, …}]`), if it does."""
    value: Any = object
    named = None
    for step in route:
        value = value[step]
        if isinstance(step, int) and isinstance(value, Mapping):
            named = value.get("name")
    return str(named) if named else None


def _pool(pod: Mapping[str, Any], resource: str, pools: Pools) -> Capacity | None:
    """The declared pool whose GPUs a pod takes; None where none is certain."""
    name = pool_of(pod, resource, None, pools.facts) if resource else None
    return next((each for each in pools.declared if each.pool == name), None)


def _missing(
    question: Question, name: str | None, served: Served, gpus: int, copies: int | None, settings: Settings
) -> Iterator[str]:
    if name is None:
        yield "its arguments do not say which model it loads"
    elif question.facts is None:
        yield no_facts_of(name) if HUB_NAME.match(name) else f"`{name}` is no name on a hub"
    if question.card is None:
        yield "nothing says which GPU it runs on" if gpus else "it asks for no GPU"
    if question.match.sureness == "guess":
        yield f"its vLLM release is not known: {question.match.reason}"
    if copies != 1:
        yield "engines over several pods are not measured"
    elif gpus and settings.gpus > gpus:
        yield f"it is told of {plural(settings.gpus, 'GPU')}, and its pod has {gpus}"
    yield from served.unread


def _container(object: Object, route: Route) -> Mapping[str, Any]:
    value: Any = object
    for step in route:
        value = value[step]
    return value if isinstance(value, Mapping) else {}
