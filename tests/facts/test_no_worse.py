"""The law of `learn`: with what was seen of a cluster the next prediction is no worse than it was.

Worse is an answer that was right and no longer is, one that was left open and is now wrong, a bound that held the truth
and no longer does, or one that holds it and is wider; a time that is assumed bounds nothing. The truth is what a review
says that knows everything; whether the pods find their places is counted apart from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.cluster_file import read_cluster, write_cluster
from llmstack.facts.kept import join_facts
from llmstack.facts.learned import learn_cluster
from llmstack.facts.release import Release
from llmstack.review.assess import assess
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from tests.facts.test_misses import CHANGES, MACHINES, Change, Machine, cluster, deployment, hangs, room
from tests.observed.support import Object, pod, seen

DAY = date(2026, 11, 20)
RELEASE = Release("llm", "llmstack")
ENGINE = {
    "app.kubernetes.io/instance": "llmstack", "app.kubernetes.io/component": "engine",
    "app.kubernetes.io/name": "llama",
}  # fmt: skip
PROBE = {"tcpSocket": {"port": 8000}, "periodSeconds": 10, "failureThreshold": 60}
BY_KIND = ("Node", "Pod")


@dataclass(frozen=True)
class World:
    """A cluster and how long the model takes to load in it."""

    machines: Sequence[Machine]
    load: int

    def objects(self) -> list[Object]:
        """What kubectl prints of it: nodes, other tenants, and pods of our own that became ready, on no GPUs."""
        ours = [
            pod(f"llmstack-llama-{image}", gpus=0, on="n0", image=image, labels=ENGINE, load=self.load, version=90)
            for image in ("v1", "v2")
        ]
        return [*cluster(self.machines), *ours]


@dataclass(frozen=True)
class Answer:
    """What a review says of a change: whether it hangs (None: not judged), and the seconds that it takes."""

    hangs: bool | None
    least: float
    most: float


WORLDS = st.builds(World, MACHINES, st.sampled_from([20, 60, 240]))
INPUTS = st.sampled_from([("Node", "Pod"), ("Node",), ("Pod",)])


def learn(world: World, kinds: Sequence[str], known: ClusterFacts | None, day: date = DAY) -> ClusterFacts:
    """What is learned of a world by these kinds of objects, beside what was known."""
    found = seen(*(each for each in world.objects() if each["kind"] in kinds))
    facts = join_facts(learn_cluster(found, [RELEASE], at=day), found.kinds, known, {"llama"})
    assert read_cluster(write_cluster("c", facts)) == facts
    return facts


def predict(change: Change, known: ClusterFacts | None, declared: tuple[Pool, ...]) -> Answer:
    image = "v2" if change.before == change.after else "v1"
    before = [deployment(change, change.before, "v1")] if change.before else []
    after = [deployment(change, change.after, image)]
    for obj in (*before, *after):
        obj["spec"]["template"]["spec"]["containers"][0]["startupProbe"] = PROBE
    facts = Facts(pools=know_pools(declared, known, gpu_pods(after)), loads_of={}, cluster=known)
    if known is not None:
        facts = replace(facts, load_seconds={each.model: each.median for each in known.loads})
    found = assess(compare({"models/llama": before}, {"models/llama": after}), before, after, facts, facts, DAY)
    [rollout] = found.rollouts
    judged = hangs(found) or any(row.deadlock is not None for row in found.gpus)
    if rollout.basis["seconds"] == "assumed":
        return Answer(hangs(found) if judged else None, 0, float("inf"))
    least = rollout.seconds if rollout.seconds is not None else rollout.seconds_min or 0
    most = rollout.seconds if rollout.seconds is not None else rollout.seconds_max or float("inf")
    return Answer(hangs(found) if judged else None, least, most)


def is_worse(after: Answer, before: Answer, truth: Answer) -> bool:
    """Whether an answer is worse than the one before."""
    turned = before.hangs is truth.hangs is not after.hangs
    misled = before.hangs is None and after.hangs not in (None, truth.hangs)
    if turned or misled or truth.hangs:
        return turned or misled
    held, holds = (each.least <= truth.least and truth.most <= each.most for each in (before, after))
    return held and (not holds or after.most - after.least > before.most - before.least)


def truth_of(world: World, change: Change) -> Answer:
    """What everything known gives, held to where the pods find their places."""
    found = predict(change, learn(world, BY_KIND, None), ())
    spare = change.surge if change.before == change.after else 0
    assert found.hangs is (change.after + spare > room(world.machines, change))
    return found


@given(WORLDS, CHANGES, st.sampled_from(["none", "no loads", "no tenants", "all"]), INPUTS, st.booleans())
def test_what_was_learned_is_not_lost_to_input_that_shows_less(
    world: World, change: Change, had: str, kinds: Sequence[str], declares: bool
) -> None:
    assume(change.before <= room(world.machines, change))
    size = max(each.gpus for each in world.machines)
    declares = declares and all(each.gpus == size for each in world.machines)
    declared = (Pool("h100", "nvidia.com/gpu", size * len(world.machines), size),) if declares else ()
    everything = learn(world, BY_KIND, None)
    known = {
        "none": None,
        "no loads": replace(everything, loads=()),
        "no tenants": replace(everything, nodes=tuple(replace(each, free={}) for each in everything.nodes)),
        "all": everything,
    }[had]
    before, after = (predict(change, each, declared) for each in (known, learn(world, kinds, known)))
    assert not is_worse(after, before, truth_of(world, change))


@given(WORLDS, WORLDS, CHANGES, st.integers(-3, 3))
def test_of_stale_facts_and_input_the_newer_counts(then: World, now: World, change: Change, days: int) -> None:
    assume(change.before <= room(now.machines, change))
    known = learn(then, BY_KIND, None, DAY)
    facts = learn(now, BY_KIND, known, DAY + timedelta(days))
    before, after = (predict(change, each, ()) for each in (known, facts))
    if days < 0:
        assert after == before
    else:
        assert not is_worse(after, before, truth_of(now, change))
    assert learn(now, BY_KIND, facts, DAY + timedelta(days)) == facts
