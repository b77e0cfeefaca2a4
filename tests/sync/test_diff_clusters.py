"""What `diff` says of clusters: who applies what from now on, what is deleted, and pools that environments share.

Each row is a repository with Flux, a change of it, and what becomes of the cluster.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.sync.repository import FLUX, POOL, Repository, environment, model, new_repository

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: more}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
    "subjects: [{kind: ServiceAccount, name: default, namespace: default}]\n"
)
ORPHAN = (
    f"{KUSTOMIZATION}resources: [prod]\n"
    "patches:\n"
    "  - target: {group: kustomize.toolkit.fluxcd.io, kind: Kustomization, name: 'prod\\..*'}\n"
    '    patch: \'[{"op": "add", "path": "/spec/deletionPolicy", "value": "Orphan"}]\'\n'
)
UNITS = {"prod.models.llama", "prod.models.qwen", "prod.router"}


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("clusters") / "repository", prod=environment())


@pytest.fixture
def one(start: Repository, tmp_path: Path) -> Repository:
    return start.copy(tmp_path / "repository")


def _sync(**changed: Any) -> Callable[[Repository], None]:
    return lambda one: one.values(prod=environment(sync={**FLUX, **changed}))


def _file(path: str, text: str) -> Callable[[Repository], None]:
    return lambda one: one.file(path, text)


GONE = {"removal": "error", "sync": "error", "unreachable": "error", "requests-cut": "note"}
"""What is said where the sync tool deletes all that an environment runs."""
ANEW = {"removal": "error", "sync": "error", "outage": "warning", "requests-cut": "note"}
"""And where another owner makes it anew."""
ROWS: dict[str, tuple[Callable[[Repository], None], str, set[str], dict[str, str]]] = {
    "cluster renamed": (_sync(cluster="c2"), "pruned", UNITS, GONE),
    "no cluster named any more": (
        lambda one: one.values(prod=environment(sync={"tool": "none"})), "pruned", UNITS, GONE,
    ),
    "sync removed": (_sync(tool="none"), "pruned", UNITS, GONE),
    "flux to argo": (_sync(tool="argo"), "pruned", UNITS, ANEW),
    "another repository": (_sync(repoURL="https://git.example.com/other.git"), "moved", UNITS, {"sync": "error"}),
    "another branch": (_sync(branch="next"), "moved", UNITS, {"sync": "error"}),
    "another path": (_sync(path="deploy/llm"), "blocked", UNITS, {"sync": "warning"}),
    "no resources": (
        _file("clusters/c1/kustomization.yaml", f"{KUSTOMIZATION}resources: []\n"),
        "pruned",
        UNITS,
        GONE,
    ),
    "an empty kustomization": (
        _file("clusters/c1/kustomization.yaml", KUSTOMIZATION),
        "pruned",
        UNITS,
        GONE,
    ),
    "a twin": (
        _file("clusters/c1/prod/kustomization.yml", KUSTOMIZATION), "blocked", {"clusters/c1"}, {"sync": "warning"},
    ),
    "no object": (
        _file("clusters/c1/flux-system/gotk-sync.yaml", "kind: Anything\n"),
        "blocked",
        {"clusters/c1"},
        {"sync": "warning"},
    ),
    "a patch that is none": (
        _file("clusters/c1/kustomization.yaml", ORPHAN.replace('"op"', "op")),
        "blocked",
        {"clusters/c1"},
        {"sync": "warning"},
    ),
    "a file that is not YAML": (
        _file("clusters/c1/a.yaml", "{\n"), "blocked", {"clusters/c1"}, {"sync": "warning"},
    ),
    "a binding": (_file("clusters/c1/zz.yaml", BINDING), "added", {"clusters/c1"}, {"privilege": "error"}),
    "the router": (
        lambda one: one.values(prod=environment() | {"routerSpec": {"enableRouter": False}}),
        "pruned",
        {"prod.router"},
        {"removal": "error"},
    ),
    "a model": (
        lambda one: one.values(prod=environment(model())), "pruned", {"prod.models.qwen"}, {"removal": "warning"},
    ),
    "an environment": (lambda one: one.values(prod=None), "pruned", UNITS, {"removal": "error"}),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_what_becomes_of_the_units(row: str, one: Repository) -> None:
    change, action, units, risks = ROWS[row]
    change(one)
    review = one.review()
    cluster = review["clusters"]["c1"]
    assert {each["unit"] for each in cluster["sync"] if each["action"] == action} == units
    found = {risk["id"]: risk["severity"] for risk in review["envs"]["prod"]["risks"]}
    assert risks.items() <= found.items()
    assert not {"sync", "removal", "privilege"} & (found.keys() - risks.keys())
    assert not review["envs"]["prod"]["findings"]
    assert one.fails()


def test_what_flux_deletes_is_told_as_removed(one: Repository) -> None:
    _sync(cluster="c2")(one)
    review = one.review()
    removed = review["envs"]["prod"]["removed"]
    assert [(each["model"], each["replicas"], each["gpus"], each["by"]) for each in removed] == [
        ("llama", 2, 2, "Flux"),
        ("qwen", 2, 2, "Flux"),
        (None, 1, 0, "Flux"),
    ]
    assert not review["envs"]["prod"]["objects"]
    assert [each["action"] for each in review["clusters"]["c2"]["sync"]] == ["added"] * 3
    assert all(each["objects"] >= 2 for each in review["clusters"]["c1"]["sync"])
    assert "deletionPolicy: Orphan" in review["clusters"]["c1"]["advice"][0]
    assert one.llmstack("diff", "HEAD").splitlines()[1].endswith("prod: 2 models and 1 other workload go")


def test_what_a_renamed_cluster_loses_is_told_once(one: Repository) -> None:
    """A model is taken out, and another one changed, in the same commit: the former cluster loses all, and the new one
    has what is changed: made anew, as nothing of it is left to be replaced."""
    one.values(prod=environment(model(tag="v0.11.1"), sync={**FLUX, "cluster": "c2"}))
    review = one.review()["envs"]["prod"]
    assert {each["model"]: each["by"] for each in review["removed"]} == {"llama": "Flux", "qwen": None, None: "Flux"}
    assert [each["object"] for each in review["risks"] if each["id"] == "removal"] == ["Environment/prod"]
    assert [(each["model"], each["why"], each["minReady"]) for each in review["rollouts"]] == [("llama", "new", 0)]
    assert {each["action"] for each in review["objects"]} == {"change", "remove"}
    assert [(row["before"], row["after"], row["peak"]) for row in review["gpus"]] == [(4, 2, 4)]


def test_an_environment_that_leaves_its_cluster_for_another_namespace(one: Repository) -> None:
    """No object has its name in both: the manifests lose them all, and that is no empty list of models."""
    one.values(prod=environment(sync={**FLUX, "cluster": "c2"}, namespace="ai"))
    [risk] = [each for each in one.review()["envs"]["prod"]["risks"] if each["id"] == "removal"]
    assert risk["message"].startswith(
        "the environment leaves its cluster, where all that it runs goes: `llama`, `qwen`"
    )
    assert "modelSpec" not in risk["advice"]


def test_a_model_that_a_renamed_cluster_keeps_goes_on(one: Repository) -> None:
    """Its Kustomization is told to leave what it applied, before the folder is renamed and the model taken out."""
    one.file("clusters/c1/kustomization.yaml", ORPHAN)
    one.commit()
    one.values(prod=environment(model(), sync={**FLUX, "cluster": "c2"}))
    one.file("clusters/c1/kustomization.yaml", ORPHAN.replace("[prod]", "[]"))
    review = one.review()["envs"]["prod"]
    assert not review["removed"]
    assert [(row["before"], row["after"]) for row in review["gpus"]] == [(4, 4)]


def test_the_advised_order_deletes_nothing(one: Repository) -> None:
    """The first commit as docs/operations.md has it; then the review of the second one."""
    one.file("clusters/c1/kustomization.yaml", ORPHAN)
    assert not {risk["id"] for risk in one.review()["envs"]["prod"]["risks"]}
    one.commit()
    _sync(cluster="c2")(one)
    one.file("clusters/c1/kustomization.yaml", ORPHAN.replace("[prod]", "[]"))
    review = one.review()
    assert not review["envs"]["prod"]["removed"]
    assert [each["deletes"] for each in review["clusters"]["c1"]["sync"]] == [False] * 3
    assert {risk["id"]: risk["severity"] for risk in review["envs"]["prod"]["risks"]} == {"sync": "warning"}


def test_the_order_from_flux_to_argo_cd(one: Repository) -> None:
    """`tests/argo/check_handover.py` tries it, and the way back."""
    _sync(tool="argo")(one)
    first = one.review()["clusters"]["c1"]["advice"]
    _sync()(one)
    one.file("clusters/c1/kustomization.yaml", ORPHAN)
    one.commit()
    _sync(tool="argo")(one)
    second = one.review()["clusters"]["c1"]["advice"]
    assert [each.partition(":")[0].partition(" ")[0] for each in first] == ["Commit", "Commit", "Then", "Then", "Last"]
    assert second == first[2:4]
    assert "sync every Application once" in second[0]
    assert "Flux's fields" in second[1]


def test_the_order_from_argo_cd_to_flux(one: Repository) -> None:
    _sync(tool="argo")(one)
    one.commit()
    _sync()(one)
    review = one.review()
    first, then, last = review["clusters"]["c1"]["advice"]
    assert first.index("entry point") < first.index("--cascade=orphan") < first.index("finalizers")
    assert "let Flux apply it" in then
    assert "Argo CD's fields" in last
    told = {risk["message"].partition(" ")[2]: risk["advice"] for risk in review["envs"]["prod"]["risks"]}
    [stays] = [advice for message, advice in told.items() if message.startswith("is not pruned, by its annotation")]
    assert stays.startswith("Delete it by hand")


def test_a_renamed_environment_has_two_owners_of_the_same_objects(one: Repository) -> None:
    one.values(prod=None, production=environment())
    review = one.review()
    cluster = review["clusters"]["c1"]
    assert cluster["envs"] == ["prod", "production"]
    assert {each["action"] for each in cluster["sync"]} == {"pruned", "adopted"}
    assert {risk["id"] for risk in review["envs"]["prod"]["risks"]} >= {"removal"}
    assert ("sync", "error") in {(risk["id"], risk["severity"]) for risk in review["envs"]["production"]["risks"]}
    assert [(row["before"], row["after"]) for row in cluster["gpus"]] == [(4, 4)]


def test_the_order_for_another_name_makes_nothing_anew(one: Repository) -> None:
    """What goes keeps its objects, and what comes has them: `tests/cluster/check_renamed.py` tries it."""
    one.file("clusters/c1/kustomization.yaml", ORPHAN)
    one.commit()
    one.values(live=environment(model(tag="v0.12.0"), model("qwen")), prod=None)
    one.file("clusters/c1/kustomization.yaml", ORPHAN.replace("[prod]", "[live]"))
    review = one.review()
    live = review["envs"]["live"]
    assert [(each["model"], each["why"]) for each in live["rollouts"]] == [("llama", "restart")]
    assert [(row["before"], row["after"]) for row in live["gpus"]] == [(4, 4)]
    assert not review["envs"]["prod"]["removed"]
    severities = {risk["severity"] for each in review["envs"].values() for risk in each["risks"]}
    assert "error" not in severities


def test_a_renamed_model_is_no_removal(one: Repository) -> None:
    one.values(prod=environment(model(), model("qwen-chat", gitops={"movedFrom": "qwen"})))
    review = one.review()["envs"]["prod"]
    assert not review["removed"]
    assert "removal" not in {risk["id"] for risk in review["risks"]}


def test_replicas_to_zero_are_a_removal(one: Repository) -> None:
    one.values(prod=environment(model(replicaCount=0), model("qwen")))
    review = one.review()["envs"]["prod"]
    assert [(each["model"], each["replicas"], each["gpus"]) for each in review["removed"]] == [("llama", 2, 2)]
    assert [risk["amount"] for risk in review["risks"] if risk["id"] == "removal"] == [2]


def test_an_object_that_is_refused_stops_its_unit(one: Repository) -> None:
    one.values(prod=environment(model(pvcStorage="50Gi"), model("qwen")))
    one.commit()
    one.values(prod=environment(model(pvcStorage="10Gi", tag="v0.11.1"), model("qwen")))
    review = one.review()
    [blocked] = review["clusters"]["c1"]["sync"]
    assert (blocked["unit"], blocked["action"]) == ("prod.models.llama", "blocked")
    assert "PersistentVolumeClaim/llmstack-llama-storage-claim" in blocked["by"]


def _patched(field: str, value: str) -> str:
    """A kustomization of the cluster's folder that sets one field of llama's Kustomization."""
    target = "{group: kustomize.toolkit.fluxcd.io, kind: Kustomization, name: 'prod\\.models\\.llama'}"
    patch = f'[{{"op": "add", "path": "/spec/{field}", "value": {value}}}]'
    return f"{KUSTOMIZATION}resources: [prod]\npatches:\n  - target: {target}\n    patch: '{patch}'\n"


@pytest.mark.parametrize(
    ("field", "value", "pvc", "change", "rolled", "risks"),
    [
        ("suspend", "true", "50Gi", {"tag": "v0.11.1"}, False, {"sync": "warning"}),
        ("prune", "true", "10Gi", {"tag": "v0.11.1"}, False, {"sync": "warning", "immutable-field": "error"}),
        ("force", "true", "10Gi", {"tag": "v0.11.1"}, True, {"data-loss": "error"}),
    ],
)
def test_a_unit_is_applied_as_its_owner_is_told(
    field: str, value: str, pvc: str, change: dict[str, Any], rolled: bool, risks: dict[str, str], one: Repository
) -> None:
    one.values(prod=environment(model(pvcStorage="50Gi"), model("qwen")))
    one.file("clusters/c1/kustomization.yaml", _patched(field, value))
    one.commit()
    one.values(prod=environment(model(pvcStorage=pvc, **change), model("qwen")))
    review = one.review()["envs"]["prod"]
    assert [rollout["model"] for rollout in review["rollouts"]] == (["llama"] if rolled else [])
    found = {risk["id"]: risk["severity"] for risk in review["risks"]}
    assert risks.items() <= found.items()
    assert ("restart" in found, "data-loss" in found) == (rolled, rolled)


def test_a_model_that_nothing_deletes_goes_on_and_holds_its_gpus(one: Repository) -> None:
    one.file("clusters/c1/kustomization.yaml", _patched("deletionPolicy", '"Orphan"'))
    one.commit()
    one.values(prod=environment(model("qwen")))
    review = one.review()
    assert [(row["before"], row["after"]) for row in review["envs"]["prod"]["gpus"]] == [(4, 4)]
    assert not review["envs"]["prod"]["removed"]
    assert [(each["unit"], each["deletes"]) for each in review["clusters"]["c1"]["sync"]] == [
        ("prod.models.llama", False)
    ]


def test_what_flux_deletes_frees_its_gpus(one: Repository) -> None:
    one.file("clusters/c1/kustomization.yaml", f"{KUSTOMIZATION}resources: []\n")
    review = one.review()["envs"]["prod"]
    assert [(row["before"], row["after"]) for row in review["gpus"]] == [(4, 0)]
    assert {each["by"] for each in review["removed"]} == {"Flux"}


@pytest.mark.parametrize("in_custom", [False, True])
def test_a_hand_written_owner_is_of_the_whole_cluster(one: Repository, in_custom: bool) -> None:
    if in_custom:
        one.file(
            "custom/prod/models/qwen/kustomization.yaml",
            f"{KUSTOMIZATION}resources: [../../../../overlays/prod/models/qwen]\n",
        )
        one.llmstack("gen")
        one.commit()
    text = (one.root / "clusters/c1/prod/models/qwen.yaml").read_text(encoding="utf-8").replace("prod.models", "more")
    assert ("custom/" in text) is in_custom
    one.file("clusters/c1/apps/more.yaml", text.partition("\n")[2].replace("custom/", "overlays/"))
    review = one.review()
    assert review["clusters"]["c1"]["foreign"] == ["clusters/c1/apps/more.yaml"]
    [risk] = [each for each in review["envs"]["prod"]["risks"] if each["id"] == "sync"]
    assert "applies what `prod.models.qwen` applies too" in risk["message"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two environments of one cluster, four GPUs each, in a pool of eight."""
    return new_repository(
        tmp_path_factory.mktemp("pools") / "repository", dev=environment(namespace="dev"), prod=environment()
    )


@pytest.fixture
def two(shared: Repository, tmp_path: Path) -> Repository:
    return shared.copy(tmp_path / "repository")


def test_a_pool_is_shared_by_the_environments_of_a_cluster(two: Repository) -> None:
    two.values(prod=environment(model(replicaCount=4), model("qwen")))
    review = two.review()
    [row] = review["envs"]["prod"]["gpus"]
    assert (row["capacity"], row["before"], row["after"], row["deadlock"], row["certain"]) == (8, 8, 10, True, True)
    assert review["clusters"]["c1"]["gpus"] == [row]
    assert review["clusters"]["c1"]["envs"] == ["dev", "prod"]
    assert list(review["envs"]) == ["prod"]
    [risk] = [each for each in review["envs"]["prod"]["risks"] if each["id"] == "gpu-shortage"]
    assert "need 10 GPUs in pool `h100`, which has 8" in risk["message"]


def test_a_surge_finds_no_gpu_in_a_pool_that_another_environment_fills(two: Repository) -> None:
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    two.values(prod=environment(model(strategy=surge, tag="v0.11.1"), model("qwen")))
    [row] = two.review()["envs"]["prod"]["gpus"]
    assert (row["before"], row["after"], row["peak"], row["deadlock"], row["certain"]) == (8, 8, 9, True, True)


@pytest.mark.parametrize(
    ("sync", "tag", "rows"),
    [
        ({**FLUX, "cluster": "c2"}, "v0.11.2", (8, 8)),
        ({**FLUX, "cluster": "c2"}, "v0.11.1", (8, 8)),
        ({"tool": "none"}, "v0.11.2", (4, 0)),
    ],
    ids=["the cluster has another name", "and a model is made anew", "no cluster any more"],
)
def test_gpus_of_environments_that_leave_their_cluster(
    two: Repository, sync: dict[str, Any], tag: str, rows: tuple[int, int]
) -> None:
    """A cluster under another name may be the same one; where none is named, what Flux deletes is gone."""
    for name, space in (("dev", {"namespace": "dev"}), ("prod", {})):
        two.values(**{name: environment(model(tag=tag), model("qwen"), sync=sync, **space)})
    found = two.review()["envs"]
    for name in ("dev", "prod"):
        assert {(row["before"], row["after"]) for row in found[name]["gpus"]} == {rows}


def test_rollouts_of_two_environments_compete(two: Repository) -> None:
    """Each alone would finish on the two GPUs that are free."""
    two.values(dev=environment(model(), namespace="dev"), prod=environment(model(), model("qwen")))
    two.commit()
    grown = environment(model(replicaCount=4), namespace="dev")
    two.values(dev=grown, prod=environment(model(replicaCount=4), model("qwen")))
    review = two.review()
    for name in ("dev", "prod"):
        assert "gpu-shortage" in {risk["id"] for risk in review["envs"][name]["risks"]}
        assert [(row["before"], row["after"]) for row in review["envs"][name]["gpus"]] == [(6, 10)]
        assert {rollout["name"] for rollout in review["envs"][name]["rollouts"]} == {"llmstack-llama-deployment-vllm"}


def test_pods_of_two_environments_are_kept_apart(two: Repository) -> None:
    """One node, on which pods of `dev` are."""
    names = {"labelSelector": {"matchLabels": {"model": "llama"}}, "namespaces": ["dev"]}
    term = {"topologyKey": "kubernetes.io/hostname", **names}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    two.values(prod=environment(model("more", replicaCount=1, affinity=apart)))
    risks = {risk["id"]: risk for risk in two.review()["envs"]["prod"]["risks"]}
    assert "anti-affinity" in risks["rollout-stuck"]["message"]


@pytest.mark.parametrize(("at_a_time", "deadlock"), [(0, False), (1, None)])
def test_a_job_of_another_environment_may_hold_what_a_rollout_needs(
    at_a_time: int, deadlock: bool | None, two: Repository
) -> None:
    """The pool of eight has one GPU free beside both environments, which the surge needs and the Job may hold."""
    gpu = {"limits": {"nvidia.com/gpu": 1}}
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "a/b:1", "resources": gpu}]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"parallelism": at_a_time, "template": {"spec": pod}},
    }
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    dev = environment(model(replicaCount=5), namespace="dev")
    two.values(dev=dev | {"extraObjects": [job]}, prod=environment(model(strategy=surge)))
    two.commit()
    two.values(prod=environment(model(strategy=surge, tag="v0.11.3")))
    [row] = two.review()["envs"]["prod"]["gpus"]
    assert (row["before"], row["capacity"], row["deadlock"]) == (7, 8, deadlock)


def test_a_quota_of_another_environment_in_the_namespace(two: Repository) -> None:
    hard = {"hard": {"requests.nvidia.com/gpu": "6"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "llm"}, "spec": hard}
    two.values(dev=environment(model(), namespace="llm", release="dev") | {"extraObjects": [quota]})
    two.commit()
    two.values(prod=environment(model(replicaCount=3), model("qwen")))
    risks = {risk["id"]: risk for risk in two.review()["envs"]["prod"]["risks"]}
    assert "ResourceQuota `q` leaves less than all pods take" in risks["rollout-stuck"]["message"]


def test_two_sizes_of_one_pool(two: Repository) -> None:
    two.values(prod=environment(model(tag="v0.11.1"), model("qwen"), capacity=[{**POOL, "count": 16}]))
    review = two.review()
    [risk] = [each for each in review["envs"]["prod"]["risks"] if each["id"] == "pool-conflict"]
    assert (risk["object"], risk["severity"]) == ("Pool/h100", "warning")
    assert "8 (8 per node) in dev, 16 (8 per node) in prod" in risk["message"]
    assert [row["capacity"] for row in review["envs"]["prod"]["gpus"]] == [16]


def _acknowledge(**entry: Any) -> list[dict[str, Any]]:
    return [{"risk": "removal", "object": "Deployment/llmstack-qwen-deployment-vllm", "reason": "moved away", **entry}]


@pytest.mark.parametrize(("up_to", "accepted"), [(None, True), (2, True), (1, False)])
def test_an_acknowledgement_covers_its_amount(up_to: int | None, accepted: bool, one: Repository) -> None:
    entry = _acknowledge() if up_to is None else _acknowledge(upTo=up_to)
    one.values(prod=environment(acknowledge=entry))
    one.commit()
    one.values(prod=environment(model(), acknowledge=entry))
    [risk] = [each for each in one.review()["envs"]["prod"]["risks"] if each["id"] == "removal"]
    assert (risk["acknowledged"], risk["amount"]) == (accepted, 2)
    assert risk["accepted"].startswith("moved away (")
    assert one.fails() is not accepted


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "comes in the same change as what it accepts"),
        ({"until": "2020-01-01"}, "ended on 2020-01-01"),
        ({"object": "Deployment/other"}, "meets no risk of this change"),
    ],
)
def test_what_is_said_of_acknowledgements(entry: dict[str, Any], said: str, one: Repository) -> None:
    one.values(prod=environment(model(), acknowledge=_acknowledge(**entry)))
    found = [each for each in one.review()["envs"]["prod"]["findings"] if each["id"] == "acknowledgement"]
    assert [said in each["message"] for each in found] == [True]


def test_an_environment_that_goes_is_acknowledged_in_the_base(one: Repository) -> None:
    entry = {"risk": "removal", "object": "Environment/prod", "reason": "closed"}
    one.values(base={"gitops": {"acknowledge": [entry]}})
    one.commit()
    one.values(prod=None)
    risks = one.review()["envs"]["prod"]["risks"]
    assert [each["acknowledged"] for each in risks if each["id"] == "removal"] == [True]


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_every_report_tells_of_clusters(format: str, one: Repository) -> None:
    _sync(cluster="c2")(one)
    text = one.llmstack("diff", "HEAD", "--format", format)
    for said in ("pruned", "prod.models.llama", "Order of commits" if format != "markdown" else "Commit 1", "Removed"):
        assert said in text


def test_a_new_reader_of_secrets(one: Repository) -> None:
    """tests/review_rollout/ has the other risks of one environment alone."""
    first, second = (f"age1{letter * 58}" for letter in "qp")
    one.values(prod=environment(secrets={"backend": "sops", "age": [first]}))
    one.commit()
    one.values(prod=environment(secrets={"backend": "sops", "age": [first, second]}))
    [risk] = [each for each in one.review()["envs"]["prod"]["risks"] if each["id"] == "recipient"]
    assert (risk["object"], risk["severity"]) == ("Environment/prod", "warning")
    assert second in risk["message"]


def test_scalers_of_another_environment_are_played_at_their_most_too(tmp_path: Path) -> None:
    """Alone and at their least all fits: 4 of prod, 2 of dev; dev's scaler may take six."""
    keda = {"enabled": True, "minReplicaCount": 2, "maxReplicaCount": 6}
    dev = environment(model(keda=keda), namespace="dev")
    one = new_repository(tmp_path / "repository", dev=dev, prod=environment(model(replicaCount=3)))
    one.values(prod=environment(model(replicaCount=4)))
    review = one.review()["envs"]["prod"]
    [row] = review["gpus"]
    assert [row[key] for key in ("before", "after", "beforeMax", "afterMax", "deadlock", "certain")] == [
        5, 6, 9, 10, True, False,
    ]  # fmt: skip
    assert [each["severity"] for each in review["risks"] if each["id"] == "gpu-shortage"] == ["warning"]


def test_values_without_a_tree_are_told(one: Repository) -> None:
    (one.root / "values" / "dev.yaml").write_text(yamlio.dump(environment(namespace="dev")), encoding="utf-8")
    [finding] = one.review()["envs"]["dev"]["findings"]
    assert finding["id"] == "stale-tree"
    assert "the tree of dev is missing" in finding["message"]
    assert "values/dev.yaml" in one.llmstack("diff", "HEAD")


def test_a_tree_that_is_gone_stops_its_units(one: Repository) -> None:
    """Flux deletes nothing where the folder of a unit is not there."""
    shutil.rmtree(one.root / "overlays" / "prod" / "models" / "llama")
    aggregate = one.root / "overlays" / "prod" / "kustomization.yaml"
    text = aggregate.read_text(encoding="utf-8").replace("- models/llama\n", "")
    aggregate.write_text(text, encoding="utf-8")
    review = one.review()
    assert [(each["unit"], each["action"]) for each in review["clusters"]["c1"]["sync"]] == [
        ("prod.models.llama", "blocked")
    ]
    assert not review["envs"]["prod"]["removed"]
    assert [(row["before"], row["after"]) for row in review["envs"]["prod"]["gpus"]] == [(4, 4)]


def test_values_of_the_base_that_are_not_generated_are_told(one: Repository) -> None:
    (one.root / "values" / "base.yaml").write_text("routerSpec: {replicaCount: 2}\n", encoding="utf-8")
    assert [each["id"] for each in one.review()["envs"]["prod"]["findings"]] == ["stale-tree"]


def test_a_cluster_that_is_left_shows_no_pools(one: Repository) -> None:
    _sync(cluster="c2")(one)
    clusters = one.review()["clusters"]
    assert not clusters["c1"]["gpus"]
    assert [row["before"] for row in clusters["c2"]["gpus"]] == [4]


def test_an_ingress_host_of_another_environment(two: Repository) -> None:
    ingress = {"ingress": {"enabled": True, "hosts": [{"host": "llm.example.com", "paths": [{"path": "/"}]}]}}
    two.values(dev=environment(namespace="dev") | {"routerSpec": ingress})
    assert "unreachable" not in {risk["id"] for risk in two.review()["envs"]["dev"]["risks"]}
    two.commit()
    two.values(prod=environment() | {"routerSpec": ingress})
    [risk] = [each for each in two.review()["envs"]["prod"]["risks"] if each["id"] == "unreachable"]
    assert (risk["severity"], risk["object"].partition("/")[0]) == ("error", "Ingress")
    assert "of `dev` already (namespace `dev`)" in risk["message"]


def test_four_units_at_a_time(tmp_path: Path) -> None:
    """Of six models, two wait for a worker of Flux; with `kubectl apply` nobody waits."""
    names = ["a", "b", "c", "d", "e", "f"]
    none = {key: value for key, value in FLUX.items() if key != "tool"}
    for sync, seconds, bounds in ((FLUX, 600, (300, 600)), (none, 300, (None, None))):
        models = [model(name, replicaCount=1) for name in names]
        more = {"sync": sync, "capacity": [{**POOL, "count": 16}]}
        one = new_repository(tmp_path / str(seconds), prod=environment(*models, **more))
        one.values(prod=environment(*(each | {"tag": "v0.11.1"} for each in models), **more))
        review = one.review()
        assert review["clusters"]["c1"]["seconds"] == seconds
        assert {(each["secondsMin"], each["secondsMax"]) for each in review["envs"]["prod"]["rollouts"]} == {bounds}


def test_what_a_renamed_environment_did_under_its_former_name_is_nothing_new(two: Repository) -> None:
    led = model(env=[{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}])
    two.values(prod=environment(led))
    two.commit()
    two.values(prod=None, production=environment(led))
    assert "privilege" not in {risk["id"] for risk in two.review()["envs"]["production"]["risks"]}


@pytest.mark.parametrize(("timeout", "too_short"), [("2m", [180]), ("6m", []), ("200m", [])])
def test_the_next_rollout_of_a_unit_that_is_waited_for_less_long(
    timeout: str, too_short: list[int], one: Repository
) -> None:
    """Nothing rolls now, and a load takes five minutes."""
    path = "clusters/c1/prod/models/qwen.yaml"
    one.file(path, (one.root / path).read_text(encoding="utf-8").replace("timeout:", f"timeout: {timeout} #"))
    risks = one.review()["envs"]["prod"]["risks"]
    found = [each for each in risks if each["id"] == "deadline-too-short"]
    assert [each["amount"] for each in found] == too_short
    assert all("of its next rollout a failure is reported" in each["message"] for each in found)


def test_a_cluster_without_an_environment_has_risks_of_its_own(one: Repository) -> None:
    one.file("clusters/tools/binding.yaml", BINDING)
    assert one.fails()
    assert [risk["id"] for risk in one.review()["clusters"]["tools"]["risks"]] == ["privilege"]
    one.commit()
    one.file("clusters/tools/kustomization.yaml", f"{KUSTOMIZATION}resources: []\n")
    assert [(each["action"], each["by"]) for each in one.review()["clusters"]["tools"]["sync"]] == [
        ("pruned", "clusters/tools/binding.yaml")
    ]
    assert one.fails()


def test_an_environment_that_comes_into_another_cluster_is_new_there(tmp_path: Path) -> None:
    """Six GPUs of its pool are taken there: the four that come do not fit, though nothing changes in the manifests."""
    dev = environment(model(replicaCount=6), namespace="dev", sync={**FLUX, "cluster": "c2"})
    one = new_repository(tmp_path / "repository", dev=dev, prod=environment())
    _sync(cluster="c2")(one)
    review = one.review()
    prod = review["envs"]["prod"]
    assert [(row["before"], row["after"], row["certain"]) for row in prod["gpus"]] == [(6, 10, True)]
    assert {rollout["why"] for rollout in prod["rollouts"]} == {"new"}
    assert {each["by"] for each in prod["removed"]} == {"Flux"}
    assert {"removal", "sync", "gpu-shortage"} <= {risk["id"] for risk in prod["risks"]}
    assert review["clusters"]["c2"]["gpus"] == prod["gpus"]
    assert not review["clusters"]["c1"]["gpus"]


def test_an_overlay_of_people_s_own_is_reviewed_and_no_change_of_hands(one: Repository) -> None:
    patch = '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
    custom = f"resources: [../../../../overlays/prod/models/llama]\npatches: [{{target: {{kind: Service}}, patch: '{patch}'}}]\n"
    one.file("custom/prod/models/llama/kustomization.yaml", KUSTOMIZATION + custom)
    one.llmstack("gen")
    review = one.review()
    assert [(each["unit"], each["action"]) for each in review["clusters"]["c1"]["sync"]] == [
        ("prod.models.llama", "moved")
    ]
    assert [each["kind"] for each in review["envs"]["prod"]["objects"]] == ["Service"]
    assert not review["envs"]["prod"]["risks"]


def test_a_smaller_size_than_another_environment_says_is_a_conflict(one: Repository) -> None:
    """The pool is as large as before, by what the other one says: the contradiction is new all the same."""
    one.values(dev=environment(model("mistral"), namespace="dev"))
    one.commit()
    small = environment()
    small["gitops"]["capacity"] = [{**POOL, "count": 4}]
    one.values(prod=small)
    [risk] = [each for each in one.review()["envs"]["prod"]["risks"] if each["id"] == "pool-conflict"]
    assert "8 (8 per node) in dev, 4 (8 per node) in prod" in risk["message"]


def _by_hand(kind: str, api: str, **fields: Any) -> str:
    return yamlio.dump({"apiVersion": api, "kind": kind, "metadata": {"name": "own", "namespace": "llm"}, **fields})


def _quota(gpus: int) -> str:
    return _by_hand("ResourceQuota", "v1", spec={"hard": {"requests.nvidia.com/gpu": gpus}})


DENY = _by_hand("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"]})
HF = _by_hand("Secret", "v1", stringData={"t": "ENC"})
READING = environment(model(hf_token={"secretName": "own", "secretKey": "t"}), model("qwen"))
GROWN = environment(model(replicaCount=3), model("qwen"))
BUDGET = _by_hand(
    "PodDisruptionBudget", "policy/v1",
    spec={"minAvailable": 2, "selector": {"matchLabels": {"app.kubernetes.io/name": "llama"}}},
)  # fmt: skip
BESIDE: dict[str, tuple[str | None, str | None, dict[str, Any] | None, dict[str, Any] | None, str, str]] = {
    "a quota that came before": (_quota(4), _quota(4), None, GROWN, "rollout-stuck", "ResourceQuota `own` leaves less"),
    "a quota that comes with it": (None, _quota(4), None, GROWN, "rollout-stuck", "the rollout never finishes"),
    "a quota below what runs": (None, _quota(1), None, None, "rollout-stuck", "it shows at the next rollout"),
    "connections that are shut": (None, DENY, None, None, "unreachable", "takes no connection any more"),
    "a Secret that goes": (HF, None, READING, None, "unreachable", "Secret `own` is deleted, and pods read it"),
    "evictions that are not allowed": (None, BUDGET, None, None, "drain-blocked", "it allows no eviction"),
    "a quota of another namespace": (None, _quota(1).replace("llm", "other"), None, GROWN, "rollout-stuck", ""),
    "a quota with room": (None, _quota(5), None, GROWN, "rollout-stuck", ""),
}


@pytest.mark.parametrize("row", BESIDE)
@pytest.mark.parametrize("path", ["own.yaml", "apps/own.yaml"])
def test_what_stands_in_the_folder_of_the_cluster_bounds_its_environments(row: str, path: str, one: Repository) -> None:
    own_before, own_after, before, after, risk, message = BESIDE[row]
    own = f"clusters/c1/{path}"
    if before is not None:
        one.values(prod=before)
    if own_before is not None:
        one.file(own, own_before)
    one.commit()
    if after is not None:
        one.values(prod=after)
    if own_after is None:
        (one.root / own).unlink()
    else:
        one.file(own, own_after)
    told = [each["message"] for each in one.review()["envs"].get("prod", {}).get("risks", ()) if each["id"] == risk]
    assert [each for each in told if message in each] if message else not told
