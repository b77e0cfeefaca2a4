"""What nobody can judge, each where it begins and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.facts import Pool

Make = Callable[..., Any]
Object = dict[str, Any]


def of_kind(kind: str, gpus: int, name: str = "x", **spec: Any) -> Object:
    limits = {"nvidia.com/gpu": gpus} if gpus else {}
    pod = {"containers": [{"name": "c", "image": "i", "resources": {"limits": limits}}], "restartPolicy": "Never"}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": pod}
    body = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    group = "apps/v1" if kind == "DaemonSet" else "batch/v1" if kind in ("Job", "CronJob") else "example.com/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": {**body, **spec}}


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("DaemonSet", None, 2, "a pod takes 2 GPUs on every node that fits"),
        ("DaemonSet", 0, 2, "a pod takes 2 GPUs on every node that fits"),
        ("DaemonSet", 1, 2, "a pod takes 2 GPUs on every node that fits"),
        ("DaemonSet", 2, 1, None),
        ("DaemonSet", 2, None, None),
        ("DaemonSet", None, 0, None),
        ("CronJob", None, 1, "a pod takes 1 GPU while it runs"),
        ("CronJob", 1, 1, None),
        ("Widget", None, 2, "it runs pods with GPUs (2 for one of each)"),
        ("Widget", 1, 2, "it runs pods with GPUs (2 for one of each)"),
        ("Widget", 2, 0, None),
        ("Widget", 2, 2, None),
        ("Widget", 2, None, None),
    ],
)
def test_gpus_of_which_no_manifest_says_how_many(
    kind: str, before: int | None, after: int | None, said: str | None, review: Make
) -> None:
    pair = [None if gpus is None else of_kind(kind, gpus) for gpus in (before, after)]
    found = [(severity, message.partition(",")[0]) for severity, _, message in told(review(tuple(pair)), "not-judged")]
    assert found == ([("note", said)] if said else [])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, None, False), (None, "Auto", True), (None, "Recreate", True), (None, "Off", False), (None, "Initial", False),
        ("Off", "Auto", True), ("Auto", "Off", False), (None, "", True),
    ],
)  # fmt: skip
def test_what_ends_pods_by_itself(before: str | None, after: str | None, said: bool, review: Make) -> None:
    def scaler(mode: str) -> Object:
        metadata, spec = {"name": "v"}, {"updatePolicy": {"updateMode": mode}} if mode else {}
        return {
            "apiVersion": "autoscaling.k8s.io/v1",
            "kind": "VerticalPodAutoscaler",
            "metadata": metadata,
            "spec": spec,
        }

    pair = tuple(None if mode is None else scaler(mode) for mode in (before, after))
    assert [subject for _, subject, _ in told(review(pair), "not-judged")] == ["VerticalPodAutoscaler/v"] * said


def job(gpus: int, parallelism: int | None = None, completions: int | None = None, **spec: Any) -> Object:
    body = {"parallelism": parallelism, "completions": completions, **spec}
    return of_kind("Job", gpus, **{key: value for key, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (job(4), None),
        (job(5), "its pods ask for 5 GPUs"),
        (job(2, 3), "its pods ask for 6 GPUs"),
        (job(2, 3, 2), None),  # no more than are to complete
        (job(2, 3, 3), "its pods ask for 6 GPUs"),
        (job(8, suspend=True), None),
        (job(8, suspend=False), "its pods ask for 8 GPUs"),
        (job(0, 9), None),
    ],
)
def test_a_job_that_begins(after: Object, asked: str | None, deployment: Make, review: Make, pool: Make) -> None:
    found = told(review((None, after), pools=[pool(6)], stays=[deployment(gpus=2)]), "gpu-shortage")
    assert [message.partition(",")[0] for _, _, message in found] == ([asked] if asked else [])


def test_a_job_that_runs_on_asks_for_what_is_more(deployment: Make, review: Make, pool: Make) -> None:
    woken = review((job(4, suspend=True), job(4, suspend=False)), pools=[pool(2)])
    assert [message.partition(",")[0] for _, _, message in told(woken, "gpu-shortage")] == [
        "further pods ask for 4 GPUs"
    ]
    assert told(review((job(4, 2), job(4, 1)), pools=[pool(2)]), "gpu-shortage") == []
    assert told(review((job(4), None), pools=[pool(2)]), "gpu-shortage") == []


@pytest.mark.parametrize(
    ("before", "after", "names", "said"),
    [
        ([], ["reg"], "v1 v2", "the pods begin to pull their images with Secret `reg`, which nothing here makes"),
        (["reg"], [], "v1 v2", "the pods no longer pull their images with Secret `reg`, nor with another one"),
        (["reg"], ["reg"], "v1 v2", None),
        (["a", "b"], ["b"], "v1 v2", None),
    ],
)
def test_secrets_by_which_images_are_pulled(
    before: list[str], after: list[str], names: str, said: str | None, deployment: Make, review: Make
) -> None:
    pair = [deployment(image=image) for image in names.split()]
    for obj, secrets in zip(pair, (before, after), strict=True):
        obj["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": name} for name in secrets]
    found = [
        (severity, said or "")
        for severity, _, message in told(review(tuple(pair)), "not-judged")
        if (said or "") in message
    ]
    assert found == ([("note", said)] if said else [])


@pytest.mark.parametrize(("closed", "replicas", "said"), [((8,), 2, True), ((), 2, False), ((8,), 0, False)])
def test_a_pool_with_nodes_that_take_no_pods(
    closed: tuple[int, ...], replicas: int, said: bool, deployment: Make, review: Make
) -> None:
    pool = Pool("h100", "nvidia.com/gpu", 8, 8, whole=8 + sum(closed), closed=closed)
    pair = tuple(deployment(image=image, replicas=replicas, gpus=4, unavailable=1) for image in ("v1", "v2"))
    stays = deployment("other", replicas=2, gpus=4)
    found = told(review(pair, stays=[stays], pools=[pool]), "not-judged")
    assert [(severity, subject) for severity, subject, _ in found] == ([("warning", "Pool/h100")] if said else [])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"exclusive-topology": "rack"}, True),
        ({"exclusive-topology": "rack"}, {"exclusive-topology": "row"}, True),
        ({}, {"subgroup-exclusive-topology": "rack"}, True),
        ({"exclusive-topology": "rack"}, {"exclusive-topology": "rack", "x": "y"}, False),
        ({"exclusive-topology": "rack"}, {}, False),
    ],
)
def test_groups_that_want_a_domain_each(before: Any, after: Any, said: bool, compared: Make) -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "a"}]}}
    sides = []
    for each in (before, after):
        annotations = {f"leaderworkerset.sigs.k8s.io/{name}": value for name, value in each.items()}
        spec = {"replicas": 2, "leaderWorkerTemplate": {"size": 2, "workerTemplate": template}}
        metadata = {"name": "a", "annotations": annotations}
        sides.append(
            [
                {
                    "apiVersion": "leaderworkerset.x-k8s.io/v1",
                    "kind": "LeaderWorkerSet",
                    "metadata": metadata,
                    "spec": spec,
                }
            ]
        )
    severities = [severity for severity, _, message in told(compared(*sides), "not-judged") if "-topology`" in message]
    assert severities == (["note"] if said else [])
