"""A model that is let go rolls inside its strategy on the GPUs that are there, and back again: step 5 of docs/adopt.md.

One release of the corpus, taken over as in `check_adopt.py`, on a node with as many GPUs as it has and not one more. The
course of the pods is watched; the review of each change says how many stay ready.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.repository.project import Project
from tests.adopt.support import build, project_of, rendered
from tests.cluster.check_adopt import Pods, Release, adopt, pods_of, take_over
from tests.cluster.check_rollouts import Course, course, wait_until_quiet
from tests.cluster.control_plane import READY_AFTER
from tests.cluster.helm import Helm
from tests.cluster.kubectl import Kubectl, Object, namespace, rolled_out, wait_until
from tests.cluster.nodes import DEFAULT_STORAGE, RUNTIME_CLASS, gpu_node, nodes, volumes
from tests.parity.corpus import corpus_cases

CASES = [case for case in corpus_cases() if case.name.endswith("18-prefix-aware")]
"""Two replicas of one GPU, which the chart rolls with maxSurge 100% and maxUnavailable 0."""
PLACE, MODEL, GPUS, LOADS = "let-go", "vllm-llama-deployment-vllm", 2, "4s"

pytestmark = pytest.mark.skipif(not CASES, reason="the corpus is not there")


@dataclass(frozen=True)
class Step:
    """One change of the tree: the course of the pods, those of others before and after, and the model afterwards."""

    course: Course
    others: tuple[Pods, Pods]
    deployment: Object


@pytest.fixture(scope="module")
def steps(
    kubectl: Kubectl, helm: Helm, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Step]]:
    """The model let go, and then held again with the strategy taken out of its hold, as the page says."""
    folder = tmp_path_factory.mktemp("let-go") / "work"
    folder.mkdir()
    objects = [slow(each) for each in yamlio.load_all(rendered(CASES[0]))]
    there: tuple[Mapping[str, Any], ...] = (RUNTIME_CLASS, DEFAULT_STORAGE, namespace(PLACE), *volumes(objects))
    with nodes(kubectl, gpu_node("let-go", GPUS)), kubectl.holding(*there):
        release = adopt(helm, slow_values(project_of(CASES[0], folder)), objects, PLACE, is_applied=True)
        rolled_out(kubectl, PLACE)
        take_over(kubectl, release)
        rolled_out(kubectl, PLACE)
        held, kept = folder / "custom" / "prod" / "models" / "llama", folder.parent / "held"
        shutil.move(held, kept)
        go = roll(kubectl, release)
        shutil.move(kept, held)
        without_strategy(held / "hold-deployment.yaml")
        yield {"go": go, "back": roll(kubectl, release)}


@pytest.mark.parametrize("name", ["go", "back"])
def test_it_rolls_inside_its_strategy_on_the_gpus_that_are_there(name: str, steps: Mapping[str, Step]) -> None:
    step = steps[name]
    spec = step.deployment["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert step.course.finished
    assert step.course.peak == GPUS
    assert step.course.least_ready[MODEL] == spec["replicas"] - 1


@pytest.mark.parametrize("name", ["go", "back"])
def test_no_other_pod_restarts(name: str, steps: Mapping[str, Step]) -> None:
    before, after = steps[name].others
    assert before == after
    assert before


def test_the_way_back_brings_the_template_back(steps: Mapping[str, Step]) -> None:
    go, back = (container_of(steps[name].deployment) for name in ("go", "back"))
    assert go["command"] != back["command"] or go.get("args") != back.get("args") or go["env"] != back["env"]


def slow(object: Object) -> Object:
    """The model with pods that take their time, as the values have it too: a watch sees what is not ready."""
    if object["metadata"]["name"] == MODEL:
        metadata = object["spec"]["template"]["metadata"]
        metadata["annotations"] = {**(metadata.get("annotations") or {}), READY_AFTER: LOADS}
    return object


def slow_values(project: Project) -> Project:
    file = project.root / "values" / "prod.yaml"
    values = yamlio.load(file.read_text(encoding="utf-8"))
    values["servingEngineSpec"]["modelSpec"][0]["podAnnotations"] = {READY_AFTER: LOADS}
    file.write_text(yamlio.dump(values), encoding="utf-8")
    return project


def roll(kubectl: Kubectl, release: Release) -> Step:
    """Apply what the tree builds to, and watch until nothing moves any more."""
    before = others(kubectl)
    with kubectl.watching("pods") as events:
        wait_until(lambda: events, "the watch")
        kubectl.apply(build(Project(release.project.root)).values())
        wait_until_quiet(events)
    deployments = kubectl.items("deployments", PLACE)
    rolled_out(kubectl, PLACE)
    found = kubectl.get("deployment", MODEL, PLACE)
    return Step(course(PLACE, events, deployments), (before, others(kubectl)), found)


def others(kubectl: Kubectl) -> Pods:
    return {name: pods for name, pods in pods_of(kubectl, PLACE).items() if name != MODEL}


def without_strategy(hold: Path) -> None:
    """Take the chart's strategy out of a hold, which would wait for GPUs that nobody has."""
    head, _, patch = hold.read_text(encoding="utf-8").partition("\n")
    data = yamlio.load(patch)
    data["spec"].pop("strategy", None)
    hold.write_text(f"{head}\n{yamlio.dump(data)}", encoding="utf-8")


def container_of(deployment: Object) -> Object:
    found: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return found
