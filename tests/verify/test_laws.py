"""What the simulator foresees, written down as a cluster would record it, is what `verify` calls as foreseen."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmstack.kubernetes.pods import Identity
from llmstack.observed.documents import Source
from llmstack.observed.observation import observe
from llmstack.review.facts import Facts
from llmstack.review.forecast import PodPhase
from llmstack.review.result import EnvironmentReview
from llmstack.verify.follow import follow
from llmstack.verify.missing import Seen
from llmstack.verify.subjects import find_subjects
from llmstack.verify.verdict import Figure, compare
from tests.review_rollout.conftest import _deployment, _pool, _review
from tests.verify.recording import Recording

Pair = tuple[dict[str, Any], dict[str, Any]]
ORDER = ("gone", "serves", "goes", "comes", "binds")


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Pair], int]:
    """Restarts and scalings of one or two models, and the GPUs of their pool."""
    pairs = []
    for name in ("llama", "qwen")[: draw(st.integers(1, 2))]:
        gpus, before, after = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        strategy = draw(st.sampled_from(((0, 1), (1, 0), (1, 1), (None, None))))
        image = draw(st.sampled_from("ab"))
        more = {"gpus": gpus, "surge": strategy[0], "unavailable": strategy[1]}
        pairs.append((_deployment(name, before, image="a", **more), _deployment(name, after, image=image, **more)))
    return pairs, draw(st.integers(4, 14))


def events(phases: list[PodPhase]) -> Iterator[tuple[int, str]]:
    """Yield (second, what happens to the pod) of one pod's life."""
    first = phases[0]
    if first.start or first.phase not in ("ready", "terminating"):
        yield round(first.start), "comes"
    for phase in phases:
        if phase.phase == "loading":
            yield round(phase.start), "binds"
        elif phase.phase == "ready" and phase.start > 0:
            yield round(phase.start), "serves"
        elif phase.phase == "terminating":
            yield round(phase.start), "goes"
            yield round(phase.end), "gone"


def record(review: EnvironmentReview, pairs: list[Pair]) -> str:
    """The timeline of a review as a watch would print it."""
    versions = itertools.count(100)
    names = [old["metadata"]["name"] for old, _ in pairs]
    recordings = {("Deployment", "", name): Recording(name, "", versions=versions) for name in names}
    sides = dict(zip(recordings, pairs, strict=True))
    lives: dict[tuple[Identity, str], list[PodPhase]] = {}
    for phase in sorted(review.timeline, key=lambda phase: phase.start):
        lives.setdefault((phase.workload, phase.pod), []).append(phase)
    for workload, (old, new) in sides.items():
        if workload not in {each for each, _ in lives}:
            for number in range(old["spec"]["replicas"]):
                recordings[workload].there(
                    f"{workload[2]}-{number}", old["spec"]["template"]["spec"]["containers"], "a"
                )
            assert old == new
    happens = []
    for (workload, pod), phases in lives.items():
        old, new = (each["spec"]["template"] for each in sides[workload])
        template, hash = (new, "b") if phases[0].revision == "new" and old != new else (old, "a")
        containers = template["spec"]["containers"]
        mine = list(events(phases))
        if not any(what == "comes" for _, what in mine):
            recordings[workload].there(pod, containers, hash)
        happens += [(second, ORDER.index(what), recordings[workload], pod, containers, hash) for second, what in mine]
    for second, what, recording, *pod in sorted(happens, key=lambda each: each[:2]):
        write(recording, ORDER[what], second, *pod)
    return "\n".join(recording.text() for recording in recordings.values())


def write(recording: Recording, what: str, second: int, pod: str, containers: Any, hash: str) -> None:
    """Write one event of a pod's life."""
    if what == "comes":
        recording.comes(pod, containers, hash, second)
    elif what == "gone":
        recording.is_gone(pod)
    else:
        {"binds": recording.binds, "serves": recording.serves, "goes": recording.goes}[what](pod, second)


def verify(foreseen: EnvironmentReview, happened: EnvironmentReview, pairs: list[Pair], facts: Facts) -> list[Figure]:
    """What a recording of what happened is beside what was foreseen."""
    subjects = find_subjects("prod", [old for old, _ in pairs], [new for _, new in pairs], (facts, facts))
    rolled = {f"{each.kind}/{each.name}" for each in foreseen.rollouts}
    moving = {key for key, subject in subjects.items() if subject.object in rolled}
    text = record(happened, pairs)
    courses = follow(observe([Source("recording", io.StringIO(text).read)]), subjects, moving)
    told = {("prod", subject.object): subject for subject in subjects.values()}
    return list(compare("prod", foreseen, Seen(courses, told, facts, {}, {})))


@settings(deadline=None, max_examples=80)
@given(changes())
def test_what_the_simulator_plays_is_as_foreseen(change: tuple[list[Pair], int]) -> None:
    pairs, gpus = change
    pools, loads = [_pool(gpus)], {"llama": 300, "qwen": 420}
    review = _review(*pairs, pools=pools, loads=loads)
    assume(review.rollouts and review.seconds is not None and not any(pool.deadlock for pool in review.gpus))
    assume(all(pool.peak <= gpus for pool in review.gpus))
    figures = verify(review, review, pairs, Facts(pools=tuple(pools), load_seconds=loads))
    assert [figure for figure in figures if figure.verdict != "as-foreseen"] == []
    assert {figure.name for figure in figures} >= {"pods", "seconds"}


@settings(deadline=None, max_examples=40)
@given(changes(), st.integers(30, 300))
def test_longer_loads_are_told_by_their_model(change: tuple[list[Pair], int], more: int) -> None:
    pairs, _ = change
    pools, real = [_pool(100)], {"llama": 300 + more, "qwen": 420 + more}
    review = _review(*pairs, pools=pools, loads=real)
    foreseen = _review(*pairs, pools=pools, loads={"llama": 200, "qwen": 200})
    assume(any(rollout.why == "restart" for rollout in review.rollouts))
    facts = Facts(pools=tuple(pools), load_seconds={"llama": 200, "qwen": 200})
    figures = [each for each in verify(foreseen, review, pairs, facts) if each.name == "seconds"]
    for figure in figures:
        if figure.foreseen != figure.seen and figure.verdict == "off":
            assert any(f"gitops.loadTime of {figure.model} says" in each for each in figure.missing)
    restarted = {rollout.model for rollout in review.rollouts if rollout.why == "restart"}
    assert restarted <= {figure.model for figure in figures if figure.verdict == "off"}
