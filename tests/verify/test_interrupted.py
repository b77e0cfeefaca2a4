"""Rollouts that did not run to their end alone: taken back, followed by another change, or told by clocks that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.sync.repository import Repository
from tests.verify.recording import Recording
from tests.verify.test_verify import NAME, containers, kustomization, observed, played, repository

__all__ = ["repository"]

FURTHER = ["a recording that ends before the change which followed: pods of a third template came"]
BACK = ["the change was taken back while it rolled out: its pods are those of before again"]
SKEWED = ["clocks that agree: pods were ready before they were scheduled"]


def begun(repository: Repository) -> tuple[Recording, list[dict[str, Any]], list[dict[str, Any]]]:
    """A rollout of which one replica is done after 310 seconds; the containers of before and after."""
    old, new = containers(repository, "HEAD~1"), containers(repository, "main")
    recording = Recording()
    for number in (0, 1):
        recording.there(f"{NAME}-a-{number}", old, "a")
    replace(recording, "a-0", "b-0", new, 10, 300)
    return recording, old, new


def replace(
    recording: Recording, gone: str, pod: str, containers: list[dict[str, Any]], second: int, load: int
) -> None:
    recording.goes(f"{NAME}-{gone}", second)
    recording.comes(f"{NAME}-{pod}", containers, pod[0], second)
    recording.is_gone(f"{NAME}-{gone}")
    recording.binds(f"{NAME}-{pod}", second)
    recording.serves(f"{NAME}-{pod}", second + load)


def told(figures: Mapping[str, Mapping[str, Any]], name: str) -> tuple[Any, str, list[str]]:
    return figures[name]["observed"], figures[name]["verdict"], figures[name]["missing"]


def test_a_change_that_is_taken_back_is_not_as_foreseen(repository: Repository) -> None:
    recording, old, _ = begun(repository)
    replace(recording, "b-0", "a-2", old, 350, 300)
    figures = observed(repository, recording.text())
    assert told(figures, "pods") == ("taken back", "off", BACK)
    assert figures["seconds"]["verdict"] == "not-observed"
    assert figures["ready"]["verdict"] == "as-foreseen"


def test_a_change_that_another_one_follows_has_no_time(repository: Repository) -> None:
    recording, _, new = begun(repository)
    third = [{**each, "image": f"{each['image']}-further"} for each in new]
    replace(recording, "a-1", "c-1", third, 310, 300)
    replace(recording, "b-0", "c-0", third, 610, 300)
    figures = observed(repository, recording.text())
    assert told(figures, "pods")[:2] == ("restart", "as-foreseen")
    assert told(figures, "seconds") == (None, "not-observed", FURTHER)


def test_a_pod_of_before_that_is_made_again_meanwhile_is_no_other_change(repository: Repository) -> None:
    recording, old, new = begun(repository)
    replace(recording, "a-1", "a-3", old, 50, 30)
    replace(recording, "a-3", "b-1", new, 310, 300)
    assert told(observed(repository, recording.text()), "seconds") == (600, "as-foreseen", [])


def test_clocks_that_differ_tell_no_time(repository: Repository) -> None:
    recording = played(repository, wait=0)
    late = {"PodScheduled": "2026-11-20T13:30:00Z"}
    for event in recording.events:
        for each in event["object"]["status"]["conditions"]:
            if "-b-" in event["object"]["metadata"]["name"]:
                each["lastTransitionTime"] = late.get(each["type"], each["lastTransitionTime"])
    figures = observed(repository, recording.text())
    assert {told(figures, name)[1] for name in ("seconds", "ready", "peak")} == {"not-observed"}
    assert told(figures, "seconds")[2] == told(figures, "ready")[2] == SKEWED
    figures = observed(repository, recording.snapshot(), json.dumps(kustomization()))
    assert told(figures, "seconds") == (None, "not-observed", SKEWED)
