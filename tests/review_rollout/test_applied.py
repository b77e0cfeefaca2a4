"""What of a change arrives where a sync tool holds, keeps or deletes things; and what is then said of data and pods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from tests.review_rollout.values_review import told

from llmstack.review.applied import makes_anew, what_is_applied
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview
from llmstack.review.rollout.play import find_moves
from llmstack.review.surroundings import Surroundings
from llmstack.sync.side import OwnerChange

Make = Callable[..., Any]
Object = dict[str, Any]


def claim(size: str = "1Gi", name: str = "data", **metadata: Any) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "storageClassName": "s"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, **metadata}, "spec": spec}


def deleting(*identities: tuple[str, str, str, str], tool: str = "flux") -> Surroundings:
    """A unit whose owner goes, and deletes these objects."""
    owner = OwnerChange(
        tool, "prod.models", "delete", "folder", "x", 1, "goes", "f.yaml", deletes=True, gone=identities,  # type: ignore[arg-type]
    )  # fmt: skip
    return Surroundings(sync=(owner,))


def reviewed(before: Sequence[Object], after: Sequence[Object], near: Surroundings, **facts: Any) -> EnvironmentReview:
    known = Facts(**facts)
    return assess(compare({"u": before}, {"u": after}), before, after, known, known, date(2026, 1, 1), near=near)


GONE = ("", "PersistentVolumeClaim", "", "data")


def test_a_claim_that_the_sync_tool_deletes_while_its_manifest_stays() -> None:
    said = ("error", "PersistentVolumeClaim/data", "`prod.models` goes: `data` goes with the data on it")
    assert told(reviewed([claim()], [claim()], deleting(GONE)), "data-loss") == [said]
    grown = reviewed([claim()], [claim("2Gi")], deleting(GONE))
    assert told(grown, "data-loss") == [said], "whatever else changes of it"
    assert len(told(reviewed([claim()], [], deleting(GONE)), "data-loss")) == 1, "it is told once"
    assert told(reviewed([], [claim()], deleting(GONE)), "data-loss") == [], "it is not there yet"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "data"}}
    assert told(reviewed([config], [config], deleting(("", "ConfigMap", "", "data"))), "data-loss") == []


@pytest.mark.parametrize(("tool", "by"), [("flux", "Flux"), ("argo", "Argo CD")])
def test_a_model_that_the_sync_tool_deletes_while_its_manifest_stays(tool: str, by: str, deployment: Make) -> None:
    llama = deployment(replicas=2, gpus=4)
    llama["metadata"]["labels"]["model"] = "llama"
    review = reviewed(
        [llama],
        [llama],
        deleting(("apps", "Deployment", "", "llama"), tool=tool),
        pools=(Pool("h", "nvidia.com/gpu", 8),),
    )
    [gone] = review.removed
    assert (gone.kind, gone.name, gone.model, gone.replicas, gone.gpus, gone.by) == (
        "Deployment", "llama", "llama", 2, 8, by,
    )  # fmt: skip
    assert reviewed([llama], [llama], deleting()).removed == ()


UNIT = frozenset({"u"})


def reached(before: Sequence[Object], after: Sequence[Object], near: Surroundings) -> tuple[Any, ...]:
    found = what_is_applied(compare({"u": before}, {"u": after}), before, after, near)
    names = sorted(str(each["metadata"]["name"]) for each in found.after)
    return len(found.changes), names, [why for _, why in found.held]


OLD, NEW = claim(name="old"), claim(name="new")


@pytest.mark.parametrize(
    ("near", "before", "after", "found"),
    [
        (Surroundings(), [OLD], [NEW], (2, ["new"], [])),
        (Surroundings(stopped=UNIT), [OLD], [NEW], (0, ["old"], ["stopped", "stopped"])),
        (Surroundings(stopped=frozenset({"v"})), [OLD], [NEW], (2, ["new"], [])),
        (Surroundings(keeping=UNIT), [OLD], [NEW], (1, ["new", "old"], ["left"])),
        (Surroundings(keeping=UNIT), [OLD], [OLD], (0, ["old"], [])),
        (
            Surroundings(), [claim(name="old", annotations={"kustomize.toolkit.fluxcd.io/prune": "disabled"})], [],
            (0, ["old"], ["kept"]),
        ),
        (
            Surroundings(), [], [claim(name="new", annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})],
            (0, [], ["reconcile"]),
        ),
        (
            Surroundings(lost=frozenset({("", "PersistentVolumeClaim", "", "old")})), [OLD, NEW], [OLD, NEW],
            (1, ["new"], []),
        ),
    ],
)  # fmt: skip
def test_what_arrives(near: Surroundings, before: list[Object], after: list[Object], found: Any) -> None:
    assert reached(before, after, near) == found


def test_what_the_api_refuses_stays_as_it_was_unless_it_is_made_anew() -> None:
    other = claim()
    other["spec"] = {**other["spec"], "storageClassName": "t"}
    [change] = compare({"u": [claim()]}, {"u": [other]})
    for near, classes in ((Surroundings(), ["s"]), (Surroundings(forcing=UNIT), ["t"])):
        found = what_is_applied([change], [claim()], [other], near)
        assert [each["spec"]["storageClassName"] for each in found.after] == classes
        assert bool(found.refused) is (classes == ["s"])
    assert makes_anew(change, Surroundings(forcing=UNIT))
    assert not makes_anew(change, Surroundings(forcing=frozenset({"v"})))
    assert not makes_anew(replace(change, after=None), Surroundings(forcing=UNIT))


def test_pods_have_what_their_runtime_class_adds_on_both_sides(deployment: Make) -> None:
    def side(overhead: str, image: str) -> list[Object]:
        cls = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "kata"}, "handler": "kata"}
        obj = deployment(image=image)
        obj["spec"]["template"]["spec"]["runtimeClassName"] = "kata"
        return [{**cls, "overhead": {"podFixed": {"cpu": overhead}}}, obj]

    before, after = side("1", "a"), side("2", "b")
    found = what_is_applied(compare({"u": before}, {"u": after}), before, after, Surroundings())
    [change] = [each for each in found.changes if each.kind == "Deployment"]

    def overhead(obj: Any) -> Any:
        return obj["spec"]["template"]["spec"]["overhead"]

    assert [overhead(each) for each in (change.before, change.after)] == [{"cpu": "1"}, {"cpu": "2"}]
    assert [overhead(found.before[1]), overhead(found.after[1])] == [{"cpu": "1"}, {"cpu": "2"}]
    only_new = what_is_applied(compare({"u": before[1:]}, {"u": after}), before[1:], after, Surroundings())
    [change] = [each for each in only_new.changes if each.kind == "Deployment"]
    assert "overhead" not in change.before["spec"]["template"]["spec"]  # type: ignore[index]
    assert overhead(change.after) == {"cpu": "2"}


def test_a_workload_that_leaves_the_manifests_and_stays_is_told(deployment: Make) -> None:
    llama = deployment()
    llama["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    [(severity, subject, message)] = told(reviewed([llama], [], Surroundings()), "not-applied")
    assert (severity, subject) == ("warning", "Deployment/llama")
    assert message.startswith("it leaves the manifests and stays in the cluster, by its annotation with its pods")
    [(_, _, message)] = told(reviewed([deployment()], [], Surroundings(keeping=UNIT)), "not-applied")
    assert "by its owner, which deletes nothing, with its pods" in message
    assert (
        told(reviewed([claim(annotations=llama["metadata"]["annotations"])], [], Surroundings()), "not-applied") == []
    )


def test_a_scaler_that_leaves_the_manifests_and_stays_is_told(deployment: Make) -> None:
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {}}
    near = Surroundings(keeping=UNIT)
    [(severity, subject, message)] = told(reviewed([scaler, deployment()], [deployment()], near), "not-applied")
    assert (severity, subject) == ("warning", "HorizontalPodAutoscaler/h")
    assert message.endswith("by its owner, which deletes nothing, and does what it did")
    [(_, subject, _)] = told(reviewed([scaler, deployment()], [], near), "not-applied")
    assert subject == "Deployment/llama", "a workload stands for what is with it"


@pytest.mark.parametrize(
    ("kind", "surge", "recreate", "seconds"), [("Deployment", 2, False, 300), ("StatefulSet", 0, True, 330)]
)
def test_pods_of_what_is_made_anew_all_go(
    kind: str, surge: int, recreate: bool, seconds: int, deployment: Make, pool: Make
) -> None:
    """Flux deletes in the background and applies again: new pods of a Deployment do not wait for the old ones, those of
    a StatefulSet have their names."""
    before, after = ({**deployment(replicas=2, surge=0, unavailable=1), "kind": kind} for _ in range(2))
    after["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    after["spec"]["template"]["metadata"] = {"labels": {"app": "other"}}
    changes = compare({"u": [before]}, {"u": [after]})
    applied = what_is_applied(changes, [before], [after], Surroundings(forcing=UNIT))
    assert applied.anew == {(kind, "", "llama")}
    facts = Facts(pools=(pool(8),), load_seconds={"llama": 300})
    found = assess(changes, [before], [after], facts, facts, date(2026, 1, 1), near=Surroundings(forcing=UNIT))
    [rollout] = found.rollouts
    assert (rollout.why, rollout.max_surge, rollout.min_ready, rollout.seconds) == ("restart", surge, 0, seconds)
    [message] = [risk.message for risk in found.risks if risk.id == "outage"]
    assert message.endswith("the sync tool deletes it with all its pods, and makes it anew")
    assert what_is_applied(changes, [before], [after], Surroundings()).anew == frozenset()
    assert find_moves(applied, ({}, {}), (facts, facts))[0][0].recreate is recreate


def test_what_names_an_owner_by_uid_is_collected(deployment: Make) -> None:
    """kubernetes.io, "Owners and Dependents": an object whose owners are not there is deleted."""
    plain = deployment()
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "0"}
    owned = {**plain, "metadata": {**plain["metadata"], "ownerReferences": [owner]}}
    review = reviewed([plain], [owned], Surroundings())
    assert told(review, "not-applied")[0][2].startswith("its `ownerReferences` name an owner by uid")
    assert told(review, "removal"), "its pods go"
    assert not told(reviewed([plain], [plain], Surroundings()), "not-applied")
