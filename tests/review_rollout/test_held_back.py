"""What the API refuses and a sync tool makes anew, what stays in use, and pods that follow again after a pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import only, told

from llmstack.kubernetes.pods import Object

Make = Callable[..., Any]
KEPT = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def claim(size: str = "10Gi", annotations: dict[str, str] | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "llm", "annotations": annotations or {}},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}, **spec},
    }


def mounting(deployment: Make) -> Any:
    obj = deployment(surge=0, unavailable=1)
    obj["metadata"]["namespace"] = "llm"
    obj["spec"]["template"]["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    return obj


def test_what_is_kept_and_used_on_is_in_no_danger(deployment: Make, compared: Make) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm", "annotations": KEPT}}
    llama = mounting(deployment)
    assert told(compared([llama, space], [llama]), "data-loss") == []
    assert told(compared([llama, claim(annotations=KEPT)], [llama]), "data-loss") == []
    [(severity, _, message)] = told(compared([claim(annotations=KEPT)], []), "data-loss")
    assert (severity, message.endswith("but nothing uses it")) == ("warning", True)
    [(severity, _, _)] = told(compared([llama, claim()], [llama]), "data-loss")
    assert severity == "error"


@pytest.mark.parametrize(
    "annotations",
    [
        {"kustomize.toolkit.fluxcd.io/force": "enabled"},
        {"argocd.argoproj.io/sync-options": "Prune=false, Force=true"},
    ],
)
def test_a_claim_that_is_made_anew_is_empty(annotations: dict[str, str], compared: Make) -> None:
    review = compared([claim("20Gi", annotations)], [claim("10Gi", annotations)])
    [(severity, object, message)] = told(review, "data-loss")
    assert (severity, object) == ("error", "PersistentVolumeClaim/data")
    assert "the sync tool deletes `data` with the data on it, and makes it anew, empty" in message
    assert told(review, "immutable-field") == []
    assert told(compared([claim("10Gi", annotations)], [claim("20Gi", annotations)]), "data-loss") == []


def test_another_object_that_is_made_anew(compared: Make) -> None:
    sides = [
        {
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "s", "annotations": {"kustomize.toolkit.fluxcd.io/force": "enabled"}},
            "spec": {"clusterIP": address},
        }
        for address in ("10.0.0.1", "10.0.0.2")
    ]  # fmt: skip
    [(severity, _, message)] = told(compared(sides[:1], sides[1:]), "immutable-field")
    assert severity == "warning"
    assert message.endswith("so the sync tool deletes the object first")


def test_a_claim_of_static_volumes_never_grows(compared: Make) -> None:
    grown = told(
        compared([claim("10Gi", storageClassName="")], [claim("20Gi", storageClassName="")]), "immutable-field"
    )
    assert [(severity, object) for severity, object, _ in grown] == [("error", "PersistentVolumeClaim/data")]
    assert told(compared([claim("10Gi")], [claim("20Gi")]), "immutable-field") == []


@pytest.mark.parametrize(
    ("sizes", "stated", "advice"),
    [
        (("10Gi", "20Gi"), {"storageClassName": ""}, "A claim of static volumes does not grow"),
        (("20Gi", "10Gi"), {"storageClassName": "fast"}, "A claim never shrinks"),
    ],
)
def test_what_to_do_about_the_size_of_a_claim(
    sizes: tuple[str, str], stated: Object, advice: str, compared: Make
) -> None:
    review = compared(*([claim(size, **stated)] for size in sizes))
    assert only(review, "immutable-field").advice.startswith(advice)


def test_a_deployment_that_is_resumed(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(surge=0, unavailable=1, replicas=2, paused=paused) for paused in (True, False)]
    result = review(tuple(pair), pools=[pool(2)], loads={"llama": 600})
    assert [(each.why, each.replicas) for each in result.rollouts] == [("restart", 2)]
    assert set(result.rollouts[0].basis.values()) == {"assumed"}
    assert set(result.rollouts[0].basis) == {"seconds", "peak", "minReady"}
    [(_, _, message)] = told(result, "restart")
    assert message == (
        "what was held back is rolled out, and 2 replicas restart, unless the template is as it was before that, "
        "because of `spec.paused`"
    )
    assert review(tuple(reversed(pair)), pools=[pool(2)]).rollouts == ()


def test_pods_that_waited_to_be_deleted_by_hand(deployment: Make, review: Make) -> None:
    sets = [
        deployment(replicas=2, updateStrategy={"type": kind}) | {"kind": "StatefulSet"}
        for kind in ("OnDelete", "RollingUpdate")
    ]
    result = review(tuple(sets))
    assert [(each.why, each.kind) for each in result.rollouts] == [("restart", "StatefulSet")]
