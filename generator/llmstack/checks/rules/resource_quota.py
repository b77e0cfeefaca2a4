"""A ResourceQuota of the namespace refuses pods.

Judged are the quotas among `extraObjects`. A quota that limits CPU or memory refuses every pod with a container that
does not state it, unless a LimitRange there gives a default; and no pod is made that would take the namespace over
`spec.hard`: an error. Where the pods fit, but not the surge pod that a rollout makes before it takes an old one away,
the rollout hangs: a warning. Pods, CPU, memory and extended resources such as `requests.nvidia.com/gpu` are counted,
replicas that a scaler owns by its least; what else a quota limits (claims, Services) is not judged. The pods are
missing without a word from `kubectl apply`: the refusal is an event of the ReplicaSet, and the Deployment's condition
ReplicaFailure. (Kubernetes documentation, "Resource Quotas".)

Fix: state the requests and limits, raise the quota, or run fewer replicas; for the surge, `strategy:
{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quotas import Pods, missing, pods_of, selects, used
from llmstack.kubernetes.workloads import WORKLOADS, strategy_of

RULE = Declaration("resource-quota", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_GIBI = 1024**3


class _Quota(Struct, frozen=True):
    """A ResourceQuota: where its limits are in the values, what they are, and the pods that count for it."""

    name: str
    route: Route
    hard: Amounts
    defaults: Mapping[str, Amounts]
    pods: tuple[Pods, ...]


def run(subject: Subject) -> Iterator[Problem]:
    routes = {id(placed.object): subject.route_of(placed) for placed in subject.objects}
    for quota in _quotas(subject, routes):
        admitted = []
        for pods in quota.pods:
            if names := missing(pods.spec, quota.hard, quota.defaults):
                yield _unstated(quota, pods, names, routes[id(pods.owner)])
            else:
                admitted.append((pods, used(pods.spec, quota.defaults)))
        for name, limit in quota.hard.items():
            yield from _over(quota, name, limit, [(pods, amounts.get(name, Fraction(0))) for pods, amounts in admitted])


def _quotas(subject: Subject, routes: Mapping[int, Route]) -> Iterator[_Quota]:
    for placed in subject.objects:
        if placed.object["kind"] == "ResourceQuota":
            namespace = placed.object["metadata"].get("namespace")
            inside = [each.object for each in subject.objects if each.object["metadata"].get("namespace") == namespace]
            defaults = defaults_of(inside)
            yield _Quota(
                placed.object["metadata"]["name"],
                (*routes[id(placed.object)], "spec", "hard"),
                amounts_in((placed.object.get("spec") or {}).get("hard")),
                defaults,
                tuple(pods for pods in pods_of(inside) if selects(placed.object, pods.spec, defaults)),
            )


def _unstated(quota: _Quota, pods: Pods, names: list[str], route: Route) -> Problem:
    stated = ", ".join(f"`{name}`" for name in names)
    message = f"the pods of {_shown(pods.owner)} are refused: ResourceQuota `{quota.name}` requires {stated} to be set"
    help = "set it for each container, or add a LimitRange with defaults to `extraObjects`"
    return Problem(message, route, help=help)


def _over(quota: _Quota, name: str, limit: Fraction, taken: list[tuple[Pods, Fraction]]) -> Iterator[Problem]:
    """A finding where the pods are over a limit, or the surge of a rollout that cannot do without would be."""
    total = sum((each * pods.number for pods, each in taken), Fraction(0))
    route = (*quota.route, name)
    allows = f"ResourceQuota `{quota.name}` allows {_amount(name, limit)} of `{name}`"
    if total > limit:
        message = f"{allows}, and the environment's pods take {_amount(name, total)}"
        yield Problem(message, route, help="raise the quota, or run fewer replicas")
        return
    for pods, each in taken:
        more = each * _surge_before_any_goes(pods)
        if more and total + more > limit:
            rollout = f"a rollout of {_shown(pods.owner)} takes {_amount(name, more)} more before it releases any"
            message = f"{allows}; {_amount(name, total)} are taken, and {rollout}"
            help = "raise the quota, or set `strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`"
            yield Problem(message, route, help=help, milder=True)


def _surge_before_any_goes(pods: Pods) -> int:
    """How many pods a rollout adds at least before it takes one away: one, or a second Ray cluster's."""
    surge, unavailable, _ = strategy_of(pods.owner, pods.number)
    if not surge or unavailable:
        return 0
    return pods.number if WORKLOADS[pods.owner["kind"]].replaces == "beside" else 1


def _shown(object: Object) -> str:
    return f"{object['kind']} `{object['metadata']['name']}`"


def _amount(name: str, amount: Fraction) -> str:
    if name.endswith(("memory", "storage")):
        return f"{float(amount / _GIBI):.4g}Gi"
    return f"{float(amount):.10g}"
