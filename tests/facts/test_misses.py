"""Random clusters and changes that a node, a tenant, a taint or the room of a node decides: with facts every verdict is
what placing the pods one by one says, and without them there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmstack.facts.learned import learn_cluster
from llmstack.facts.release import Release
from llmstack.review.assess import assess
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview
from tests.observed.support import Object, node, pod, seen

DAY = date(2026, 11, 20)
PRODUCT = "nvidia.com/gpu.product"
HANGS = {"gpu-shortage", "gpu-deadlock", "rollout-stuck"}
TAINT = {"key": "dedicated", "value": "training", "effect": "NoSchedule"}


@dataclass(frozen=True)
class Machine:
    gpus: int
    memory: int
    held: int
    tainted: bool
    cordoned: bool


@dataclass(frozen=True)
class Change:
    """From `before` replicas to `after`, of so many GPUs and GiB each; a restart where they are equal."""

    before: int
    after: int
    gpus: int
    memory: int
    tolerates: bool
    surge: int


MACHINES = st.lists(
    st.builds(
        Machine,
        gpus=st.sampled_from([4, 8]),
        memory=st.sampled_from([64, 500]),
        held=st.integers(0, 4),
        tainted=st.booleans(),
        cordoned=st.sampled_from([False, False, True]),
    ),
    min_size=1,
    max_size=4,
)
CHANGES = st.builds(
    Change,
    before=st.sampled_from([0, 0, 1]),
    after=st.integers(1, 6),
    gpus=st.sampled_from([1, 2, 4]),
    memory=st.sampled_from([8, 40]),
    tolerates=st.booleans(),
    surge=st.integers(0, 1),
)


def cluster(machines: Sequence[Machine]) -> list[Object]:
    objects = []
    for number, each in enumerate(machines):
        taints = [TAINT] if each.tainted else []
        one = node(f"n{number}", each.gpus, version=number + 1, unschedulable=each.cordoned, taints=taints)
        one["status"]["allocatable"]["memory"] = f"{each.memory}Gi"
        objects.append(one)
        if each.held:
            objects.append(pod(f"job-{number}", "research", on=f"n{number}", gpus=each.held, version=50 + number))
    return objects


def deployment(change: Change, replicas: int, image: str) -> Object:
    labels = {"app.kubernetes.io/name": "llama", "app.kubernetes.io/component": "engine"}
    resources = {"limits": {"nvidia.com/gpu": str(change.gpus)}, "requests": {"memory": f"{change.memory}Gi"}}
    tolerations = [{**TAINT, "operator": "Equal"}] if change.tolerates else []
    spec = {"containers": [{"name": "vllm", "image": image, "resources": resources}], "tolerations": tolerations}
    rolling = {"maxSurge": change.surge, "maxUnavailable": 1 - change.surge}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "llama", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": rolling},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def review(
    machines: Sequence[Machine], change: Change, declared: tuple[Pool, ...], *, knows: bool
) -> EnvironmentReview:
    known = learn_cluster(seen(*cluster(machines)), [Release("llm", "llmstack")], at=DAY) if knows else None
    image = "v2" if change.before == change.after else "v1"
    before = [deployment(change, change.before, "v1")] if change.before else []
    after = [deployment(change, change.after, image)]
    facts = Facts(pools=know_pools(declared, known, gpu_pods(after)), load_seconds={"llama": 60}, cluster=known)
    return assess(compare({"models/llama": before}, {"models/llama": after}), before, after, facts, facts, DAY)


def room(machines: Sequence[Machine], change: Change) -> int:
    """How many of the pods find a place beside other tenants."""
    open_to = [each for each in machines if not each.cordoned and (change.tolerates or not each.tainted)]
    return sum(min(max(0, each.gpus - each.held) // change.gpus, each.memory // change.memory) for each in open_to)


def hangs(found: EnvironmentReview) -> bool:
    return any(risk.id in HANGS and risk.severity == "error" for risk in found.risks)


@given(MACHINES, CHANGES)
def test_with_facts_the_verdict_is_right(machines: list[Machine], change: Change) -> None:
    place = room(machines, change)
    if change.before > place:
        return  # what runs there now is not where it would be placed
    spare = change.surge if change.before == change.after else 0
    found = review(machines, change, (), knows=True)
    assert hangs(found) == (change.after + spare > place), [(risk.id, risk.message) for risk in found.risks]


@given(MACHINES, CHANGES)
def test_without_facts_there_is_no_verdict(machines: list[Machine], change: Change) -> None:
    found = review(machines, change, (), knows=False)
    assert not hangs(found)
    assert [(row.capacity, row.deadlock) for row in found.gpus] == [(None, None)]


@given(MACHINES, CHANGES)
def test_a_declared_pool_of_the_right_size_is_judged_the_same(machines: list[Machine], change: Change) -> None:
    same = [Machine(8, each.memory, each.held, each.tainted, each.cordoned) for each in machines]
    declared = (Pool("h100", "nvidia.com/gpu", 8 * len(same), 8),)
    place = room(same, change)
    if change.before > place:
        return
    spare = change.surge if change.before == change.after else 0
    assert hangs(review(same, change, declared, knows=True)) == (change.after + spare > place)


@given(MACHINES, CHANGES, st.data())
def test_more_free_nodes_never_make_a_verdict_worse(machines: list[Machine], change: Change, data: Any) -> None:
    more = [*machines, Machine(8, 500, 0, False, False)]
    if change.before <= room(machines, change) and not hangs(review(machines, change, (), knows=True)):
        assert not hangs(review(more, change, (), knows=True))
