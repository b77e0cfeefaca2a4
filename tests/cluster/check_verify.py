"""What `verify` says of a rollout is what happened: a change is foreseen, applied, recorded, and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.check_rollouts import LONGEST, SCENARIOS, _objects, apply_in_turn, wait_until_quiet
from tests.cluster.kubectl import Kubectl, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import nodes
from tests.cluster.repository import Repository, new_repository
from tests.cluster.scenarios import LOAD, Scenario

NAMES = tuple(each.name for each in SCENARIOS)
COUNTED = ("pods", "ready", "peak")


@pytest.fixture(scope="module")
def played(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Path, Path]:
    """The repository of all scenarios, a recording of how they went, and a snapshot of the end."""
    repository = new_repository(tmp_path_factory.mktemp("verify") / "work")
    names = [scenario.name for scenario in SCENARIOS]
    repository.commit({each.name: _values(each, each.before) for each in SCENARIOS})
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, *(node for each in SCENARIOS for node in each.machines())))
        stack.enter_context(kubectl.holding(*map(namespace, names)))
        kubectl.apply(_objects(repository, names))
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments"))), "what there is before", LONGEST)
        repository.commit({each.name: _values(each, each.after) for each in SCENARIOS})
        with kubectl.watching("pods") as events:
            wait_until(lambda: events, "the watch")
            apply_in_turn(kubectl, repository, names)
            wait_until_quiet(events)
        recording, snapshot = repository.root / "recording.json", repository.root / "snapshot.json"
        recording.write_text("\n".join(json.dumps(event) for _, event in events), encoding="utf-8")
        snapshot.write_text(kubectl("get", "pods,replicasets", "--all-namespaces", "-o", "json"), encoding="utf-8")
    return repository, recording, snapshot


def _values(scenario: Scenario, models: dict[str, Any]) -> dict[str, Any]:
    """The values of one side, all in one cluster, each with a pool of its own and the load that a pod of KWOK takes."""
    values = scenario.values(models)
    values["gitops"]["capacity"][0]["pool"] = scenario.name
    for model in values["servingEngineSpec"]["modelSpec"]:
        model["gitops"] = {"loadTime": f"{LOAD:g}s"}
    values["gitops"]["sync"] = {"tool": "none", "cluster": "test"}
    return values


def _verify(repository: Repository, *files: Path) -> list[dict[str, Any]]:
    options = [option for file in files for option in ("--observed", str(file))]
    found = json.loads(repository.llmstack("verify", "HEAD~1", "HEAD", *options, "--format", "json"))
    figures: list[dict[str, Any]] = found["figures"]
    return figures


def _of(figures: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [figure for figure in figures if figure["env"] == name]


@pytest.fixture(scope="module")
def figures(played: tuple[Repository, Path, Path]) -> list[dict[str, Any]]:
    repository, recording, _ = played
    return _verify(repository, recording)


@pytest.fixture(scope="module")
def undecided(played: tuple[Repository, Path, Path]) -> set[str]:
    """The scenarios that hang in some orders of events and in others do not: no figure of theirs is foreseen but the
    peak, which is their largest."""
    reviews = played[0].reviews()
    return {name for name in NAMES for row in reviews[name]["gpus"] if row["deadlock"] and not row["certain"]}


@pytest.mark.parametrize("name", NAMES)
def test_what_was_foreseen_is_what_a_recording_shows(
    name: str, figures: list[dict[str, Any]], undecided: set[str]
) -> None:
    counted = [figure for figure in _of(figures, name) if figure["figure"] in COUNTED]
    assert {figure["figure"] for figure in counted} >= {"pods", "peak"}
    off = [figure for figure in counted if figure["verdict"] != "as-foreseen"]
    if name not in undecided:
        assert off == []


@pytest.mark.parametrize("name", NAMES)
def test_every_time_was_seen(name: str, figures: list[dict[str, Any]], undecided: set[str]) -> None:
    times = [figure for figure in _of(figures, name) if figure["figure"] == "seconds"]
    assert times
    assert name in undecided or all(figure["verdict"] in ("as-foreseen", "off") for figure in times), times


def test_a_snapshot_shows_no_peak_and_no_moment(played: tuple[Repository, Path, Path]) -> None:
    repository, _, snapshot = played
    figures = _verify(repository, snapshot)
    assert {figure["verdict"] for figure in figures if figure["figure"] != "pods"} == {"not-observed"}
    pods = [figure for figure in figures if figure["figure"] == "pods"]
    assert [figure for figure in pods if figure["verdict"] not in ("as-foreseen", "not-observed")] == []
    assert sum(figure["verdict"] == "as-foreseen" for figure in pods) > len(pods) / 2


def test_a_recording_that_begins_too_late_is_no_agreement(played: tuple[Repository, Path, Path]) -> None:
    repository, recording, _ = played
    late = repository.root / "late.json"
    lines = recording.read_text(encoding="utf-8").splitlines()
    late.write_text("\n".join(lines[len(lines) * 2 // 3 :]), encoding="utf-8")
    figures = _verify(repository, late)
    assert [figure for figure in figures if figure["figure"] == "peak" and figure["verdict"] != "not-observed"] == []
