"""Claims, volumes and namespaces that go: whether something uses them on, what comes in their place, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts
from llmstack.review.surroundings import Surroundings

Make = Callable[..., Any]
Object = dict[str, Any]
KEPT = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def thing(kind: str, name: str, namespace: str = "", annotations: Any = None, **spec: Any) -> Object:
    metadata = {"name": name, "annotations": annotations or {}, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}


def claim(name: str = "a", **more: Any) -> Object:
    return thing("PersistentVolumeClaim", name, **more)


def lost(before: list[Object], after: list[Object], compared: Make) -> list[tuple[str, str, str]]:
    return told(compared(before, after), "data-loss")


REMOVED = "`a` is removed, and the sync tool deletes it with the data on it"
RENAMED = "`a` is renamed to `b`, which starts empty, and the sync tool deletes it with the data on it"
MOVED = "`a` is replaced by one of its name in namespace `y`, which starts empty, and the sync tool deletes it"


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ([], REMOVED),
        ([claim("b")], RENAMED),
        ([claim("b"), claim("c")], REMOVED),  # nobody says which of the two
        ([thing("Namespace", "b")], REMOVED),
    ],
)
def test_what_comes_in_the_place_of_a_claim(after: list[Object], message: str, compared: Make) -> None:
    assert lost([claim()], after, compared) == [("error", "PersistentVolumeClaim/a", message)]


def test_a_claim_that_moves_to_another_namespace(compared: Make) -> None:
    [(_, _, message)] = lost([claim(namespace="x")], [claim(namespace="y")], compared)
    assert message.startswith(MOVED)


def mounting(deployment: Make, kind: str = "Deployment", namespace: str = "") -> Object:
    obj: Object = {**deployment(), "kind": kind}
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "a"}}
    obj["spec"]["template"]["spec"]["volumes"] = [volume]
    if namespace:
        obj["metadata"] = {**obj["metadata"], "namespace": namespace}
    return obj


def test_a_claim_that_stays_and_is_mounted_on_is_not_lost(deployment: Make, compared: Make) -> None:
    kept, user = claim(annotations=KEPT), mounting(deployment)
    assert lost([kept, user], [user], compared) == []
    assert [severity for severity, *_ in lost([kept, user], [deployment()], compared)] == ["warning"]
    assert [severity for severity, *_ in lost([claim(), user], [user], compared)] == ["error"], "it is deleted"
    elsewhere = mounting(deployment, namespace="x")
    assert len(lost([kept, elsewhere], [elsewhere], compared)) == 1
    job = mounting(deployment, "Job")
    assert len(lost([kept, job], [job], compared)) == 1, "it has read what it needs"


def test_a_namespace_that_holds_objects_on_is_used(deployment: Make, compared: Make) -> None:
    space = thing("Namespace", "llm", annotations=KEPT)
    here, there = claim(namespace="llm"), claim(namespace="x")
    assert lost([space, here], [here], compared) == []
    [(severity, _, message)] = lost([space, there], [there], compared)
    assert (severity, "so it stays in the cluster with everything in it, but nothing uses it" in message) == (
        "warning",
        True,
    )
    assert [severity for severity, *_ in lost([thing("Namespace", "llm"), here], [here], compared)] == ["error"]
    gone = compare({"u": [space]}, {})
    for name, found in (("llm", 0), ("other", 1)):
        near = Surroundings(objects=(("dev", claim(namespace=name)),))
        result = assess(gone, [space], [], Facts(), Facts(), date(2026, 1, 1), near=near)
        assert len(told(result, "data-loss")) == found, "another environment uses it on"


@pytest.mark.parametrize(
    ("policy", "severity"), [("Retain", "warning"), (None, "warning"), ("Delete", "error"), ("Recycle", "error")]
)
def test_a_volume_that_goes(policy: str | None, severity: str, compared: Make) -> None:
    volume = thing("PersistentVolume", "v", **({"persistentVolumeReclaimPolicy": policy} if policy else {}))
    assert [found for found, *_ in lost([volume], [], compared)] == [severity]


def test_an_export_that_only_what_stays_in_the_cluster_leads_to(compared: Make) -> None:
    """The volume and its claim are not pruned, and are themselves no other way to the data."""
    annotations = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v", "annotations": annotations},
        "spec": {"nfs": {"server": "a", "path": "/m"}, "persistentVolumeReclaimPolicy": "Retain"},
    }  # fmt: skip
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"volumeName": "v"},
        "metadata": {"name": "c", "namespace": "llm", "annotations": annotations},
    }  # fmt: skip
    found = told(compared([volume, claim], []), "data-loss")
    assert [each[:2] for each in found] == [("warning", "PersistentVolume/v"), ("warning", "PersistentVolumeClaim/c")]


def test_each_of_several_is_told(compared: Make) -> None:
    config = thing("ConfigMap", "a")
    gone = [config, claim("a"), thing("Namespace", "b"), thing("PersistentVolume", "c")]
    subjects = {subject for _, subject, _ in lost(gone, [claim("new")], compared)}
    assert subjects == {"PersistentVolumeClaim/a", "Namespace/b", "PersistentVolume/c"}


@pytest.mark.parametrize(("load", "deadline", "amount"), [(60, 60, None), (61, 60, 1), (90, 60, 30)])
def test_by_how_many_seconds_a_deadline_is_too_short(
    load: int, deadline: int, amount: int | None, deployment: Make, review: Make, pool: Make
) -> None:
    def over(**options: Any) -> list[int | None]:
        pair = tuple(
            deployment(image=image, surge=1, unavailable=0, **options.pop("spec", {})) for image in ("v1", "v2")
        )
        risks = review(pair, pools=[pool(8)], loads={"llama": load}, **options).risks
        return [each.amount for each in risks if each.id == "deadline-too-short"]

    wanted = [] if amount is None else [amount]
    pairs = [
        deployment(image=image, surge=1, unavailable=0, progressDeadlineSeconds=deadline) for image in ("v1", "v2")
    ]
    risks = review(tuple(pairs), pools=[pool(8)], loads={"llama": load}).risks
    assert [each.amount for each in risks if each.id == "deadline-too-short"] == wanted
    assert over(facts={"sync_timeout_seconds": {"llama": deadline}}) == wanted


@pytest.mark.parametrize(("count", "gpus", "amount"), [(8, 4, 4), (10, 4, 2), (11, 4, 1), (12, 4, None)])
def test_how_many_gpus_a_rollout_that_hangs_is_short_of(
    count: int, gpus: int, amount: int | None, deployment: Make, review: Make, pool: Make
) -> None:
    pair = tuple(deployment(image=image, replicas=2, gpus=gpus, surge=1, unavailable=0) for image in ("v1", "v2"))
    risks = review(pair, pools=[pool(count)], loads={"llama": 60}).risks
    assert [each.amount for each in risks if each.id == "gpu-deadlock"] == ([] if amount is None else [amount])


def test_room_that_is_on_no_node_is_short_of_no_number(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, gpus=4, surge=1, unavailable=0) for image in ("v1", "v2"))
    small = deployment("small", replicas=4, gpus=1, surge=0, unavailable=1)
    risks = review(pair, pools=[pool(12, 4)], loads={"llama": 60}, stays=[small]).risks
    assert [each.amount for each in risks if each.id == "gpu-deadlock"] == [None]
