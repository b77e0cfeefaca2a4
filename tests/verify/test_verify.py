"""`verify`: what was foreseen of a change beside recordings, snapshots and the history of sync tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.sync.repository import POOL, Repository, environment, model, new_repository
from tests.verify.recording import Recording, at

NAME = "llmstack-llama-deployment-vllm"


def values(tag: str = "v0.11.2", load: str | None = "5m", **more: Any) -> dict[str, Any]:
    one = model(tag=tag, **more)
    one["gitops"] = {"loadTime": load} if load else {}
    return environment(one, capacity=[POOL])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A model of two replicas, one at a time, whose image changes in the last commit."""
    repository = new_repository(tmp_path / "repository", prod=values())
    repository.values(prod=values("v0.12.0"))
    repository.commit()
    return repository


def containers(repository: Repository, revision: str) -> list[dict[str, Any]]:
    """The containers of the model's Deployment at a revision, with GPUs."""
    repository.run("git", "checkout", "-q", revision)
    objects = yamlio.load_all(repository.llmstack("render", "prod"))
    repository.run("git", "checkout", "-q", "main")
    [deployment] = [each for each in objects if each["kind"] == "Deployment" and each["metadata"]["name"] == NAME]
    found: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return found


def played(repository: Repository, load: int = 300, wait: int = 30) -> Recording:
    """The rollout, one replica after the other, each `load` seconds after its predecessor has gone."""
    old, new = containers(repository, "HEAD~1"), containers(repository, "main")
    recording = Recording()
    for number in (0, 1):
        recording.there(f"{NAME}-a-{number}", old, "a")
    second = 10
    for number in (0, 1):
        recording.goes(f"{NAME}-a-{number}", second)
        recording.comes(f"{NAME}-b-{number}", new, "b", second)
        recording.is_gone(f"{NAME}-a-{number}")
        recording.binds(f"{NAME}-b-{number}", second + (wait if number else 0))
        second += load + (wait if number else 0)
        recording.serves(f"{NAME}-b-{number}", second)
    return recording


def verify(repository: Repository, *options: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    text = repository.llmstack("verify", "HEAD~1", "HEAD", *options, "--format", "json", codes=codes)
    found: dict[str, Any] = json.loads(text)
    return found


def observed(repository: Repository, *texts: str) -> dict[str, dict[str, Any]]:
    """The figures by name, of what these files show."""
    options = []
    for number, text in enumerate(texts):
        repository.file(f"observed-{number}.json", text)
        options += ["--observed", f"observed-{number}.json"]
    return {figure["figure"]: figure for figure in verify(repository, *options)["figures"]}


def verdicts(figures: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: figure["verdict"] for name, figure in figures.items() if name != "kv"}


def test_a_rollout_that_went_as_foreseen(repository: Repository) -> None:
    figures = observed(repository, played(repository, wait=0).text())
    expected = {"pods": "restart", "ready": 1, "seconds": 600, "peak": 2}
    assert {name: figures[name]["observed"] for name in expected} == expected
    assert verdicts(figures) == dict.fromkeys(expected, "as-foreseen")


def test_a_load_that_was_longer_names_the_fact(repository: Repository) -> None:
    figures = observed(repository, played(repository, load=420, wait=0).text())
    assert verdicts(figures) == {"pods": "as-foreseen", "ready": "as-foreseen", "seconds": "off", "peak": "as-foreseen"}
    [missing] = figures["seconds"]["missing"]
    assert (
        missing == "gitops.loadTime of llama says 5 min; pods were ready 7 min after they were scheduled (median of 2)"
    )
    done = repository.llmstack("verify", "HEAD~1", "--observed", "observed-0.json", "--exit-code", codes=(3,))
    assert "llama: time: seen: 14 min, foreseen: 10 min: off\n" in done
    assert f"    missing: {missing}\n" in done
    markdown = repository.llmstack("verify", "HEAD~1", "--observed", "observed-0.json", "--format", "markdown")
    assert markdown.startswith("❌ **3 figures as foreseen, 1 off**")
    assert "#### Facts that were missing" in markdown


def test_learning_the_load_makes_the_next_prediction_right(repository: Repository) -> None:
    recording = played(repository, load=420, wait=0)
    assert observed(repository, recording.text())["seconds"]["verdict"] == "off"
    repository.values(prod=values("v0.12.0", load="7m"))
    repository.commit()
    repository.values(prod=values("v0.13.0", load="7m"))
    repository.commit()
    assert observed(repository, played(repository, load=420, wait=0).text())["seconds"]["verdict"] == "as-foreseen"


def test_pods_that_waited_for_a_node_name_it(repository: Repository) -> None:
    figures = observed(repository, played(repository, wait=400).text())
    assert figures["seconds"]["verdict"] == "off"
    assert (
        "pods waited up to 6 min 40 s for a node: what others hold there was not known" in figures["seconds"]["missing"]
    )


def test_a_snapshot_of_one_revision_with_the_same_containers_tells_nothing(repository: Repository) -> None:
    """A change of another field: the pods that are there may be those of before or of after."""
    repository.values(prod=values("v0.12.0", priorityClassName="high"))
    repository.commit()
    figures = observed(repository, played(repository).snapshot())
    assert (figures["pods"]["foreseen"], figures["pods"]["verdict"]) == ("restart", "not-observed")
    assert observed(repository, played(repository).text())["pods"]["verdict"] == "as-foreseen"


def test_pods_that_something_else_ended_are_named_with_the_reason(repository: Repository) -> None:
    recording = played(repository, load=420, wait=0)
    condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    for event in recording.events:
        if "deletionTimestamp" in event["object"]["metadata"]:
            event["object"]["status"]["conditions"].append(condition)
    missing = observed(repository, recording.text())["seconds"]["missing"]
    assert "2 pods ended from outside: EvictionByEvictionAPI" in missing


def test_a_load_that_nobody_knew_is_not_foreseen(tmp_path: Path) -> None:
    probes = {"startupProbe": None, "livenessProbe": None, "readinessProbe": None}
    before, after = (values(tag, load=None) for tag in ("v0.11.2", "v0.12.0"))
    for each in (before, after):
        each["servingEngineSpec"] |= probes
    repository = new_repository(tmp_path / "repository", prod=before)
    repository.values(prod=after)
    repository.commit()
    seconds = observed(repository, played(repository, wait=0).text())["seconds"]
    assert seconds["verdict"] == "not-foreseen"
    assert "gitops.loadTime of llama is not known" in seconds["missing"][0]


def test_a_snapshot_shows_restarts_alone(repository: Repository) -> None:
    figures = observed(repository, played(repository).snapshot())
    not_seen = dict.fromkeys(("ready", "seconds", "peak"), "not-observed")
    assert verdicts(figures) == {"pods": "as-foreseen", **not_seen}
    assert "begun before the change" in figures["peak"]["missing"][0]


def test_snapshots_in_any_order_and_number_are_no_recording(repository: Repository) -> None:
    recording = played(repository)
    first = json.dumps({"kind": "List", "items": [event["object"] for event in recording.events[:2]]})
    figures = observed(repository, recording.snapshot(), first)
    assert verdicts(figures)["peak"] == "not-observed"
    assert figures == observed(repository, first, recording.snapshot())


def test_a_recording_that_begins_too_late_is_not_agreement(repository: Repository) -> None:
    recording = played(repository, wait=0)
    for skip in range(3, 11):
        for text in (recording.text(skip=skip), recording.begun_after(skip)):
            figures = observed(repository, text)
            assert set(verdicts(figures).values()) <= {"as-foreseen", "not-observed"}, skip
            assert verdicts(figures)["peak"] == "not-observed", skip


def test_files_that_show_nothing_show_nothing(repository: Repository) -> None:
    figures = observed(repository, json.dumps({"kind": "PodList", "items": []}))
    assert set(verdicts(figures).values()) == {"not-observed"}


def test_pods_of_before_say_that_it_was_not_applied_and_their_owner_why(repository: Repository) -> None:
    recording = Recording()
    for number in (0, 1):
        recording.there(f"{NAME}-a-{number}", containers(repository, "HEAD~1"), "a")
    figures = observed(repository, recording.text())
    assert (figures["pods"]["observed"], figures["pods"]["verdict"]) == ("nothing", "off")
    owner = kustomization(suspend=True)
    assert observed(repository, recording.text(), json.dumps(owner))["pods"]["missing"] == [
        "Kustomization prod.models.llama is suspended"
    ]


def kustomization(*, suspend: bool = False) -> dict[str, Any]:
    entry = {"digest": "sha256:1", "firstReconciled": at(5), "lastReconciledStatus": "ReconciliationSucceeded",
             "metadata": {"revision": "main@sha1:0123456789012345678901234567890123456789"}}  # fmt: skip
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "prod.models.llama", "namespace": "flux-system", "resourceVersion": "7"},
        "spec": {"suspend": suspend},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "history": [entry]},
    }


def application() -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "prod.models.llama", "namespace": "argocd", "resourceVersion": "7"},
        "status": {
            "health": {"status": "Healthy"},
            "history": [{"id": 0, "revision": "0123456789012345678901234567890123456789", "deployedAt": at(5)}],
        },
    }


@pytest.mark.parametrize("owner", [kustomization, application], ids=["Flux", "Argo CD"])
def test_the_history_of_the_sync_tool_says_what_was_applied_when(
    repository: Repository, owner: Callable[[], dict[str, Any]]
) -> None:
    repository.file("owner.json", json.dumps(owner()))
    [applied] = verify(repository, "--observed", "owner.json")["applied"]
    assert applied == {
        "object": f"{owner()['kind']}/prod.models.llama",
        "commit": "0123456789012345678901234567890123456789",
        "at": "2026-11-20T12:00:05+00:00",
    }


def test_a_snapshot_and_the_history_of_the_sync_tool_tell_the_time(repository: Repository) -> None:
    recording = played(repository, load=420, wait=0)
    figures = observed(repository, recording.snapshot(), json.dumps(kustomization()))
    assert (figures["seconds"]["observed"], figures["seconds"]["verdict"]) == (845, "off")
    assert "gitops.loadTime of llama says 5 min" in figures["seconds"]["missing"][0]
    assert figures["peak"]["verdict"] == "not-observed"
    pod = recording.pods[f"{NAME}-b-1"]
    pod["metadata"]["creationTimestamp"] = at(9000)
    assert (
        observed(repository, recording.snapshot(), json.dumps(kustomization()))["seconds"]["verdict"] == "not-observed"
    )


def test_a_rollout_that_is_long_over_time_is_off_and_one_that_may_yet_end_is_not(repository: Repository) -> None:
    recording = played(repository, wait=0)
    del recording.events[-1]
    assert observed(repository, recording.text())["seconds"]["verdict"] == "not-observed"
    later = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "creationTimestamp": at(5000)}}
    seconds = observed(repository, recording.text(), json.dumps(later))["seconds"]
    assert (seconds["observed"], seconds["verdict"]) == ("not done after 1 h 23 min 10 s", "off")


def test_a_restart_that_no_file_of_the_change_does_is_off(tmp_path: Path) -> None:
    other = model("qwen")
    sides = [environment(model(tag="v0.11.2"), {**other, "tag": tag}) for tag in ("v0.11.2", "v0.12.0")]
    repository = new_repository(tmp_path / "repository", prod=sides[0])
    repository.values(prod=sides[1])
    repository.commit()
    same = containers(repository, "main")
    recording = Recording()
    for number in (0, 1):
        recording.there(f"{NAME}-a-{number}", same, "a")
    recording.comes(f"{NAME}-b-0", same, "b", 10)
    recording.serves(f"{NAME}-b-0", 20)
    repository.file("observed.json", recording.text())
    found = verify(repository, "--observed", "observed.json")["figures"]
    [figure] = [each for each in found if each["model"] == "llama" and each["figure"] == "pods"]
    assert (figure["foreseen"], figure["observed"], figure["verdict"]) == ("nothing", "restart", "off")


def test_the_cluster_has_to_be_told_where_there_are_several(repository: Repository) -> None:
    repository.values(dev=environment(model(), sync={"tool": "none", "cluster": "c2"}))
    repository.commit()
    repository.values(
        dev=environment(model(tag="v0.13.0"), sync={"tool": "none", "cluster": "c2"}), prod=values("v0.13.0")
    )
    repository.commit()
    repository.file("observed.json", "[]")
    repository.llmstack("verify", "HEAD~1", "--observed", "observed.json", codes=(2,))
    found = verify(repository, "--observed", "observed.json", "--cluster", "c1")["figures"]
    assert {figure["env"] for figure in found} == {"prod"}
    repository.llmstack("verify", "HEAD~1", "--observed", "observed.json", "--cluster", "c3", codes=(2,))


def test_nothing_observed_is_an_error_of_usage(repository: Repository) -> None:
    repository.llmstack("verify", "HEAD~1", codes=(2,))
    repository.llmstack("verify", "HEAD~1", "--observed", "missing.json", codes=(2,))
    repository.file("observed.json", "{not json")
    assert set(verdicts(observed(repository, "{not json")).values()) == {"not-observed"}
