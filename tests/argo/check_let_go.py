"""A model is let go under Argo CD and held again: step 5 of docs/adopt.md, on the GPUs that are there and not one more.

Its pods need volumes: an Application whose claims no volume binds to is never healthy, whatever is let go.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.argo.applications import PATIENCE, synced_at
from tests.argo.argocd import Plan
from tests.argo.check_adopt import Chart, adopt, chart_of, forget, installed, stop, take
from tests.argo.watched import Watched
from tests.cluster.check_adopt import Pods, pods_of
from tests.cluster.check_let_go import CASES, GPUS, LOADS, MODEL, slow, without_strategy
from tests.cluster.check_rollouts import Course, course, wait_until_quiet
from tests.cluster.control_plane import READY_AFTER
from tests.cluster.kubectl import Kubectl, rolled_out, wait_until

PLACE = "argo-let-go"

pytestmark = pytest.mark.skipif(not CASES, reason="the corpus is not there")


def test_a_model_is_let_go_and_held_again(kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    with installed(kubectl, tmp_path, PLACE, ["ServerSideApply=true"], slow_chart(), GPUS) as release:
        one = release.one
        adopt(one, tmp_path / "release.yaml")
        commit = one.repository.publish({})
        stop(kubectl)
        take(one, release, commit)
        forget(kubectl)
        held, kept = one.repository.root / "custom" / "taken" / "models" / "llama", tmp_path / "held"
        others = others_of(kubectl)
        shutil.move(held, kept)
        assert_it_rolls_alone(one, others)
        shutil.move(kept, held)
        without_strategy(held / "hold-deployment.yaml")
        assert_it_rolls_alone(one, others)
        one.leave("taken")


def assert_it_rolls_alone(one: Watched, others: Pods) -> None:
    """Commit what the tree says now: the model rolls one pod at a time, and every Application is healthy again."""
    seen = roll(one)
    assert (seen.finished, seen.peak, seen.least_ready[MODEL]) == (True, GPUS, GPUS - 1)
    assert others_of(one.kubectl) == others


def roll(one: Watched) -> Course:
    with one.kubectl.watching("pods") as events:
        wait_until(lambda: events, "the watch")
        before = uids(one.kubectl)
        commit = one.repository.publish({})
        synced_at(one.kubectl, commit, one.expected("taken"))
        wait_until(lambda: not before & uids(one.kubectl), "every pod of the model made anew", PATIENCE)
        rolled_out(one.kubectl, PLACE)
        wait_until_quiet(events)
    return course(PLACE, events, one.kubectl.items("deployments", PLACE))


def uids(kubectl: Kubectl) -> frozenset[str]:
    return pods_of(kubectl, PLACE)[MODEL]


def others_of(kubectl: Kubectl) -> Pods:
    return {name: pods for name, pods in pods_of(kubectl, PLACE).items() if name != MODEL}


def slow_chart() -> Chart:
    """Pods of the model take their time, in the chart and in the values: a watch sees what is not ready."""
    chart = chart_of(CASES[0])
    engine: Mapping[str, Any] = chart.values["servingEngineSpec"]
    engine["modelSpec"][0]["podAnnotations"] = {READY_AFTER: LOADS}
    return Chart([slow(each) for each in chart.objects], chart.values)
