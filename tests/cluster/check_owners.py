"""Who applies what, on the real Flux: the order of commits that `diff` gives, what it says is deleted, what stops."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmstack.tree.flux import NAMESPACE
from tests.cluster.flux import ROOT, SHARD, Storage, ready_at, sharded
from tests.cluster.kubectl import Kubectl, condition, is_rolled_out, wait_until
from tests.cluster.owned import KUSTOMIZATION, NOTE, ORPHAN, Owned, owned

MODELS = ({"name": "a"}, {"name": "b"})
LISTED = ORPHAN.format("prod")
UNLISTED = ORPHAN.replace(", {}", "").format()


@pytest.fixture
def prod(kubectl: Kubectl, controllers: Storage, tmp_path: Path) -> Iterator[Owned]:
    with owned("owners", kubectl, tmp_path, MODELS) as one:
        yield one


def test_the_order_of_commits_for_another_folder_deletes_nothing(prod: Owned) -> None:
    """A renamed cluster: first in the order that the review gives, then without it."""
    pods = prod.pods()
    policy = "{..deletionPolicy}"
    commit = prod.push(prod.values(*MODELS), {"clusters/c1/kustomization.yaml": LISTED})
    assert prod.kubectl("get", "kustomizations", "-n", NAMESPACE, "-o", f"jsonpath={policy}").split() == ["Orphan"] * 2
    commit = prod.commit(prod.values(*MODELS, cluster="c2"), {"clusters/c1/kustomization.yaml": UNLISTED})
    foreseen = prod.foreseen()
    prod.built("c1", commit)
    wait_until(lambda: not prod.units(), "no unit left")
    _follow(prod, "c2")
    ready_at(prod.kubectl, commit)
    assert not foreseen["envs"]["prod"]["removed"]
    assert [each["deletes"] for each in foreseen["clusters"]["c1"]["sync"]] == [False] * 2
    assert prod.pods() == pods, "no pod was made anew"

    commit = prod.commit(prod.values(*MODELS, cluster="c3"), {"clusters/c2/note.yaml": NOTE})
    foreseen = prod.foreseen()
    prod.built("c2", commit)
    _all_gone(prod)
    assert [each["by"] for each in foreseen["envs"]["prod"]["removed"]] == ["Flux"] * 2
    assert "deletionPolicy: Orphan" in foreseen["clusters"]["c2"]["advice"][0]


def test_an_empty_kustomization_prunes_everything(prod: Owned) -> None:
    commit = prod.commit(prod.values(*MODELS), {"clusters/c1/kustomization.yaml": ""})
    foreseen = prod.foreseen()
    prod.built("c1", commit)
    _all_gone(prod)
    assert {each["model"] for each in foreseen["envs"]["prod"]["removed"]} == {"a", "b"}


def test_what_an_object_says_of_itself(prod: Owned) -> None:
    """`reconcile: disabled` in the manifests: no change arrives, and yet it goes with its unit; `prune` keeps it."""
    own = {f"custom/prod/models/{name}/kustomization.yaml": _annotated(name, key) for name, key in _TOLD.items()}
    before = prod.generations()
    prod.push(prod.values(*MODELS), own)
    prod.push(prod.values({"name": "a", "tag": "v2"}, {"name": "b", "tag": "v2"}))
    risks = prod.foreseen()["envs"]["prod"]["risks"]
    changed = {name for name, number in prod.generations().items() if number != before[name]}
    assert changed == {"llmstack-b-deployment-vllm"}
    assert {each["object"] for each in risks if each["id"] == "not-applied"} == {
        "Deployment/llmstack-a-deployment-vllm"
    }

    prod.commit(prod.values({"name": "c", "modelURL": "org/c"}), dict.fromkeys(own))
    foreseen = prod.foreseen()["envs"]["prod"]
    wait_until(lambda: {"prod.models.c"} == prod.units().keys(), "the others' units gone")
    wait_until(lambda: "llmstack-a-deployment-vllm" not in prod.generations(), "a gone")
    assert "llmstack-b-deployment-vllm" in prod.generations()
    assert [each["model"] for each in foreseen["removed"]] == ["a"]
    prod.kubectl("delete", "deployment", "llmstack-b-deployment-vllm", "-n", prod.name)


_TOLD = {"a": "reconcile", "b": "prune"}


def _annotated(name: str, key: str) -> str:
    annotation = json.dumps({f"kustomize.toolkit.fluxcd.io/{key}": "disabled"})
    return (
        f"{KUSTOMIZATION}resources: [../../../../overlays/prod/models/{name}]\n"
        "patches:\n"
        "  - target: {kind: Deployment}\n"
        f'    patch: \'[{{"op": "add", "path": "/metadata/annotations", "value": {annotation}}}]\'\n'
    )


def test_a_refused_object_stops_its_unit_and_those_behind_it(
    kubectl: Kubectl, controllers: Storage, tmp_path: Path
) -> None:
    size = {"enabled": True, "size": "2Gi", "storageClass": None}
    with owned("refused", kubectl, tmp_path, MODELS, sharedStorage=size) as prod:
        generations = prod.generations()
        bumped = [{**each, "tag": "v2"} for each in MODELS]
        prod.commit(prod.values(*bumped, sharedStorage={**size, "size": "1Gi"}))
        foreseen = prod.foreseen()
        wait_until(lambda: not prod.is_ready("prod.storage"), "storage refused")
        wait_until(lambda: not prod.is_ready("prod.models.a"), "a waits")
        time.sleep(3)
        assert prod.generations() == generations
        [storage] = [each for name, each in prod.units().items() if name == "prod.storage"]
        assert "dry-run failed" in condition(storage, "Ready")["message"]
        blocked = {each["unit"] for each in foreseen["clusters"]["c1"]["sync"] if each["action"] == "blocked"}
        assert blocked == {"prod.storage", "prod.models.a", "prod.models.b"}
        assert not foreseen["envs"]["prod"]["rollouts"]
        prod.commit(prod.values(*bumped, sharedStorage=size))


MORE = (
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: more, namespace: flux-system}}\n"
    "spec: {{interval: {interval}, path: ./nowhere, prune: true, suspend: true, "
    "sourceRef: {{kind: GitRepository, name: flux-system}}{rest}}}\n"
)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"clusters/c1/more.yaml": MORE.format(interval="10m", rest=", dependOn: []")}, "field not declared in schema"),
        ({"clusters/c1/more.yaml": MORE.format(interval="10 minutes", rest="")}, "spec.interval"),
        ({"clusters/c1/twin.yaml": NOTE}, "already registered id"),
    ],
    ids=["a field that there is not", "a value of another form", "an object twice"],
)
def test_an_object_that_is_refused_stops_the_folder_that_it_stands_in(
    files: dict[str, str], said: str, prod: Owned
) -> None:
    commit = prod.commit(prod.values(*MODELS, {"name": "c"}), files)
    foreseen = prod.foreseen()

    def root() -> str:
        found = prod.kubectl.get("kustomization", ROOT, NAMESPACE)
        ready = condition(found, "Ready")
        is_tried = str(found["status"].get("lastAttemptedRevision", "")).endswith(f":{commit}")
        return ready["message"] if is_tried and ready.get("status") == "False" else ""

    assert said in wait_until(root, f"the folder refused at {commit}")
    assert prod.units().keys() == {"prod.models.a", "prod.models.b"}
    [blocked] = foreseen["clusters"]["c1"]["sync"]
    assert (blocked["unit"], blocked["action"]) == ("clusters/c1", "blocked")
    assert not foreseen["envs"]["prod"]["rollouts"]
    prod.push(prod.values(*MODELS), dict.fromkeys(files))


def test_a_unit_that_is_left_out_of_the_source_applies_nothing(prod: Owned) -> None:
    before = prod.generations()
    files = {".sourceignore": "/overlays/prod/models/a\n"}
    prod.commit(prod.values(*({**each, "tag": "v2"} for each in MODELS)), files)
    foreseen = prod.foreseen()
    wait_until(lambda: not prod.is_ready("prod.models.a"), "a stopped")
    wait_until(
        lambda: prod.generations()["llmstack-b-deployment-vllm"] > before["llmstack-b-deployment-vllm"], "b applied"
    )
    assert prod.generations()["llmstack-a-deployment-vllm"] == before["llmstack-a-deployment-vllm"]
    assert [each["unit"] for each in foreseen["clusters"]["c1"]["sync"]] == ["prod.models.a"]
    assert [each["model"] for each in foreseen["envs"]["prod"]["rollouts"]] == ["b"]
    prod.push(prod.values(*MODELS), dict.fromkeys(files))


WORKERS = 4


def test_four_units_roll_at_a_time(
    programs: dict[str, Path], kubectl: Kubectl, controllers: Storage, tmp_path: Path
) -> None:
    """A health check holds a worker of Flux: of six models, two wait until others are ready."""
    models = [{"name": name} for name in "abcdef"]
    label = f'[{{"op": "add", "path": "/metadata/labels", "value": {{"{SHARD}": "four"}}}}]'
    target = "{group: kustomize.toolkit.fluxcd.io, kind: Kustomization, name: 'prod\\..*'}"
    text = f"{KUSTOMIZATION}resources: [note.yaml, prod]\npatches:\n  - target: {target}\n    patch: '{label}'\n"
    with (
        sharded(programs, kubectl, tmp_path / "flux", controllers, shard="four", concurrent=WORKERS),
        owned("workers", kubectl, tmp_path / "owned", models, files={"clusters/c1/kustomization.yaml": text}) as prod,
        kubectl.watching("deployments") as events,
    ):
        wait_until(lambda: events, "the watch")
        first = len(events)
        prod.push(prod.values(*({**each, "tag": "v2"} for each in models)))
        foreseen = prod.foreseen()
    assert _most_rolling(prod.name, [event for _, event in events], first) == WORKERS
    assert foreseen["clusters"]["c1"]["seconds"] == 2 * 60
    assert {(each["secondsMin"], each["secondsMax"]) for each in foreseen["envs"]["prod"]["rollouts"]} == {(60, 120)}


def _most_rolling(name: str, events: list[dict[str, Any]], first: int) -> int:
    """The largest number of Deployments of a namespace that are being rolled out at a time, from an event on."""
    rolling: set[str] = set()
    most = 0
    for number, event in enumerate(events):
        deployment = event["object"]
        if deployment["metadata"]["namespace"] != name or number < first:
            continue
        if is_rolled_out(deployment):
            rolling.discard(deployment["metadata"]["name"])
        else:
            rolling.add(deployment["metadata"]["name"])
        most = max(most, len(rolling))
    return most


def _follow(prod: Owned, cluster: str) -> None:
    """Point Flux to the folder of another cluster, as `flux bootstrap --path` does."""
    patch = json.dumps({"spec": {"path": f"./clusters/{cluster}"}})
    prod.kubectl("patch", "kustomization", ROOT, "-n", NAMESPACE, "--type=merge", "-p", patch)


def _all_gone(prod: Owned) -> None:
    wait_until(lambda: not prod.units(), "no unit left")
    wait_until(lambda: not prod.generations(), "no Deployment left")
