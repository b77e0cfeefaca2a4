"""Labels and selectors.

A selector is frozen labels, because the API refuses to change one: three keys of ours, or with `gitops.selectors` those
that a release of the chart runs under. Users' labels go on objects and pods, never over a frozen key.

The chart's are those of its templates `deployment-*.yaml` and `_helpers.tpl`: since 0.1.10 the recommended labels of
Kubernetes beside the user's, before that `model`, `helm-release-name` and the user's alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.model.cache_server import CacheServerSpec
from llmstack.model.models import Model
from llmstack.model.stack import Stack

INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
NAME = "app.kubernetes.io/name"
PART_OF = {"app.kubernetes.io/part-of": "vllm-stack"}
FROZEN = (INSTANCE, COMPONENT, NAME)

ENGINE = "engine"
ENGINE_WORKER = "engine-worker"
"""Pods that serve no API: neither a Service nor the router finds them."""
ROUTER = "router"
CACHE_SERVER = "cache-server"
LORA_CONTROLLER = "lora-controller"

CHARTS_ENGINE = "serving-engine"
"""The chart's word for an engine, since 0.1.10."""
MANAGED_BY_HELM = {"app.kubernetes.io/managed-by": "helm"}

Labels = Mapping[str, str]


def keeps_the_charts(stack: Stack) -> bool:
    """Whether Deployments keep the selectors of the chart."""
    return stack.gitops.selectors != "llmstack"


def selector(stack: Stack, component: str, name: str) -> dict[str, str]:
    """The labels by which a workload finds its pods and a Service its endpoints."""
    release, chart = {"helm-release-name": stack.gitops.release}, stack.gitops.selectors
    if chart == "llmstack" or component == ENGINE_WORKER:
        return _ours(stack, component, name)
    if component == LORA_CONTROLLER:
        return {COMPONENT: component, **release}
    engine = {"model": name, **release} if component == ENGINE else {}
    common = {**_ours(stack, component, name), **PART_OF, **MANAGED_BY_HELM} if chart == "chart" else {}
    return {**engine, **common, **users_part(stack, component)} or _ours(stack, component, name)


def _ours(stack: Stack, component: str, name: str) -> dict[str, str]:
    return {INSTANCE: stack.gitops.release, COMPONENT: _word(stack, component), NAME: name}


def _word(stack: Stack, component: str) -> str:
    return CHARTS_ENGINE if component == ENGINE and stack.gitops.selectors == "chart" else component


def users_part(stack: Stack, component: str) -> dict[str, str]:
    """The user's labels in the chart's selectors: `gitops.selectorLabels`, else the component's own `labels`."""
    kept = stack.gitops.selector_labels
    sides = {
        ENGINE: (kept.engine, stack.engine.labels),
        ROUTER: (kept.router, stack.router_spec.labels),
        CACHE_SERVER: (kept.cache_server, of_cache_server(stack)),
    }
    frozen, stated = sides.get(component, (None, None))
    return dict((stated if frozen is None else frozen) or {})


def of_cache_server(stack: Stack) -> Labels | None:
    """The user's labels of the cache server, without the defaults once `selectorLabels` says what a release has: the
    chart has none."""
    stated = stack.cache_server_spec.labels
    if not keeps_the_charts(stack) or stack.gitops.selector_labels.cache_server is None:
        return stated
    default = CacheServerSpec.model_fields["labels"].default or {}
    return {key: value for key, value in (stated or {}).items() if default.get(key) != value}


def selects_all(stack: Stack, component: str) -> dict[str, str]:
    """The labels that all pods and Services of a component share."""
    if not keeps_the_charts(stack):
        return {INSTANCE: stack.gitops.release, COMPONENT: component}
    own = {"helm-release-name": stack.gitops.release}
    if stack.gitops.selectors == "chart":
        own = {INSTANCE: stack.gitops.release, COMPONENT: _word(stack, component), **PART_OF}
    return {**own, **users_part(stack, component)}


def discovers(stack: Stack) -> dict[str, str]:
    """The labels by which the router finds the pods of the engines: the user's alone, where the chart's stay."""
    users = users_part(stack, ENGINE) if keeps_the_charts(stack) else {}
    return users or selects_all(stack, ENGINE)


def labels(stack: Stack, component: str, name: str, *more: Labels | None) -> dict[str, str]:
    """Labels of an object: users' labels, later ones over earlier ones, under the frozen keys."""
    return _merged(more) | PART_OF | _ours(stack, component, name) | selector(stack, component, name)


def pod_labels(stack: Stack, component: str, name: str, *more: Labels | None) -> dict[str, str]:
    """Labels of a pod: those of an object, or exactly the chart's beside the users'."""
    if not keeps_the_charts(stack):
        return labels(stack, component, name, *more)
    return _merged(more) | selector(stack, component, name)


def _merged(maps: tuple[Labels | None, ...]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for mapping in maps:
        merged |= mapping or {}
    return merged


def engine_labels(stack: Stack, model: Model, *more: Labels | None) -> dict[str, str]:
    """Labels of an engine's objects; router and dashboards read `model` and `helm-release-name`.

    The model's own `labels` add to those, and to `servingEngineSpec.labels`, by which others find the pods; only on
    the Deployment itself do they go before them (the chart's templates), and there they are in `more` again.
    """
    return labels(stack, ENGINE, model.name or ENGINE, *_of_engine(stack, model), *more)


def engine_pod_labels(stack: Stack, model: Model, *more: Labels | None, component: str = ENGINE) -> dict[str, str]:
    """Labels of an engine's pods. A worker has none by which the router would find it."""
    found = pod_labels(stack, component, model.name or ENGINE, *_of_engine(stack, model), *more)
    if component != ENGINE_WORKER or not keeps_the_charts(stack):
        return found
    return {key: value for key, value in found.items() if discovers(stack).get(key) != value}


def _of_engine(stack: Stack, model: Model) -> tuple[Labels | None, ...]:
    own = {"model": model.name or ENGINE, "helm-release-name": stack.gitops.release}
    return (None if keeps_the_charts(stack) else model.labels, own, stack.engine.labels)
