"""What keeps a pod from starting beside GPUs; and what is left when none becomes ready."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.facts.cluster import ClusterFacts
from llmstack.kubernetes.quotas import READ
from llmstack.review.applied import find_beyond
from llmstack.review.compare import compare
from llmstack.review.facts import Pool
from llmstack.review.rollout.obstacles.nodes import node_of

Make = Callable[..., Any]


def claim(mode: str) -> dict[str, Any]:
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}


def with_pod(obj: Any, **fields: Any) -> Any:
    obj["spec"]["template"]["spec"] |= fields
    return obj


MOUNT = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}


@pytest.mark.parametrize(
    ("mode", "per_node", "surge", "severity"),
    [
        ("ReadWriteOnce", 8, 1, "warning"),
        ("ReadWriteOnce", 16, 1, None),  # the pool is one node
        ("ReadWriteOncePod", 8, 1, "error"),
        ("ReadWriteMany", 8, 1, None),
        ("ReadWriteOnce", 8, 0, None),  # the old pod goes first
    ],
)
def test_a_volume_of_one_node(
    mode: str, per_node: int, surge: int, severity: str | None, deployment: Make, review: Make, pool: Make
) -> None:
    pair = [with_pod(deployment(image=each, surge=surge, unavailable=1 - surge), **MOUNT) for each in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(16, per_node)], loads={"llama": 300}, stays=[claim(mode)])
    assert [each for each, _, _ in told(result, "rollout-stuck")] == ([severity] if severity else [])
    [rollout] = result.rollouts
    times = (rollout.seconds, rollout.seconds_min, rollout.seconds_max)
    assert times == {"warning": (None, 300, None), "error": (None, None, None)}.get(severity or "", (300, None, None))
    if rollout.seconds is not None:  # on another node it waits until the volume is detached
        assert rollout.basis["seconds"] == ("exact" if surge else "assumed")


@pytest.mark.parametrize(
    ("claimed", "volume", "waits"),
    [
        ({"volumeName": "v"}, {"nfs": {}}, False),
        ({"volumeName": "v"}, {"hostPath": {}}, False),
        ({"volumeName": "other"}, {"nfs": {}}, True),
        ({"volumeName": "v"}, {"csi": {}}, True),
        ({"storageClassName": "shared"}, {"nfs": {}, "storageClassName": "shared"}, False),
        ({"storageClassName": "shared"}, {"nfs": {}, "storageClassName": "fast"}, True),
        ({}, {"nfs": {}}, True),
    ],
)
def test_a_volume_that_every_node_mounts(
    claimed: Any, volume: Any, waits: bool, deployment: Make, review: Make, pool: Make
) -> None:
    pair = [with_pod(deployment(image=each, surge=1, unavailable=0), **MOUNT) for each in ("v1", "v2")]
    bound = claim("ReadWriteOnce")
    bound["spec"] |= claimed
    held = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": volume}
    result = review(tuple(pair), pools=[pool(16, 8)], loads={"llama": 300}, stays=[bound, held])
    assert bool(told(result, "rollout-stuck")) is waits


def test_a_second_replica_on_a_volume_of_one_node(deployment: Make, review: Make, pool: Make) -> None:
    pair = [with_pod(deployment(replicas=each, surge=0, unavailable=1), **MOUNT) for each in (1, 2)]
    result = review(tuple(pair), pools=[pool(16, 8)], loads={"llama": 300}, stays=[claim("ReadWriteOnce")])
    [(severity, _, message)] = told(result, "rollout-stuck")
    assert severity == "warning"
    assert "a further replica on another node waits in ContainerCreating" in message
    assert told(review(tuple(reversed(pair)), stays=[claim("ReadWriteOnce")]), "rollout-stuck") == []


def required(*expressions: Any, field: str = "matchExpressions", terms: int = 1) -> dict[str, Any]:
    selector = {"nodeSelectorTerms": [{field: list(expressions)}] * terms}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selector}}}


ON_N1 = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}
BY_NAME = {"key": "metadata.name", "operator": "In", "values": ["n1"]}


@pytest.mark.parametrize(
    ("pod", "node"),
    [
        ({}, None), ({"nodeName": "n1"}, "n1"), ({"nodeSelector": {"kubernetes.io/hostname": "n1"}}, "n1"),
        ({"nodeSelector": {"zone": "n1"}}, None), (required(ON_N1), "n1"), (required(BY_NAME, field="matchFields"), "n1"),
        (required({"key": "zone", "operator": "In", "values": ["a"]}, ON_N1), "n1"), (required(ON_N1, terms=2), None),
        (required({**ON_N1, "operator": "NotIn"}), None), (required({**ON_N1, "values": ["n1", "n2"]}), None),
        ({"nodeName": "n2", **required(ON_N1)}, "n2"), (required(), None),
    ],
)  # fmt: skip
def test_the_one_node_that_a_pod_may_run_on(pod: dict[str, Any], node: str | None) -> None:
    assert node_of(pod) == node


@pytest.mark.parametrize("pin", [{"nodeName": "n1"}, {"nodeSelector": {"kubernetes.io/hostname": "n1"}}])
def test_pods_that_one_node_must_hold(pin: dict[str, Any], deployment: Make, review: Make, pool: Make) -> None:
    pair = [
        with_pod(deployment(image=each, replicas=2, gpus=4, surge=1, unavailable=0), **pin) for each in ("v1", "v2")
    ]
    result = review(tuple(pair), pools=[pool(16, 8)], loads={"llama": 300})
    [(severity, _, message)] = told(result, "rollout-stuck")
    assert severity == "error"
    assert "node `n1`, which has 8 GPUs, and 12 are needed at a time" in message
    assert (result.rollouts[0].seconds, result.seconds) == (None, None)
    assert {phase.phase for phase in result.timeline if phase.revision == "new"} == {"waiting"}
    assert told(review(tuple(pair), pools=[pool(16, 16)], loads={"llama": 300}), "rollout-stuck") == []


def apart(labels: dict[str, str]) -> dict[str, Any]:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


@pytest.mark.parametrize(
    ("fields", "nodes", "stuck"),
    [
        (apart({"app.kubernetes.io/name": "llama"}), 2, True),
        (apart({"app.kubernetes.io/name": "llama"}), 3, False),
        (apart({"app.kubernetes.io/name": "other"}), 2, False),
        ({"hostNetwork": True}, 2, False),  # no port is stated
    ],
)
def test_one_pod_on_a_node(fields: Any, nodes: int, stuck: bool, deployment: Make, review: Make, pool: Make) -> None:
    pair = [with_pod(deployment(image=each, replicas=2, surge=1, unavailable=0), **fields) for each in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(8 * nodes, 8)], loads={"llama": 300})
    assert bool(told(result, "rollout-stuck")) is stuck


def test_a_port_of_the_host(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=each, replicas=2, surge=1, unavailable=0) for each in ("v1", "v2")]
    for obj in pair:
        obj["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8000, "hostPort": 8000}]
    [(severity, _, message)] = told(review(tuple(pair), pools=[pool(16, 8)]), "rollout-stuck")
    assert (severity, message.count("a port of the host allows one of the pods on a node")) == ("error", 1)


def priority_class(name: str, value: int, policy: str = "PreemptLowerPriority") -> dict[str, Any]:
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    return head | {"value": value, "preemptionPolicy": policy}


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("priorityClassName", "PriorityClass"),
        ("runtimeClassName", "RuntimeClass"),
        ("serviceAccountName", "ServiceAccount"),
    ],
)
def test_a_class_or_an_account_that_is_nowhere(field: str, kind: str, deployment: Make, review: Make) -> None:
    pair = (deployment(replicas=2, surge=0, unavailable=1), deployment(replicas=2, surge=0, unavailable=1))
    with_pod(pair[1], **{field: "nope"})
    [(severity, _, message)] = told(review(pair), "not-judged")
    assert severity == "warning"
    assert "unless the cluster has it, every new pod is refused" in message
    here = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "nope"}}
    assert told(review(pair, stays=[here]), "not-judged") == []
    assert told(review(pair, facts={"existing": frozenset({(kind, "nope")})}), "not-judged") == []
    used = with_pod(deployment("other"), **{field: "nope"})
    assert told(review(pair, stays=[used]), "not-judged") == []


def test_classes_that_every_cluster_has(deployment: Make, review: Make) -> None:
    pair = (
        deployment(),
        with_pod(deployment(), priorityClassName="system-node-critical", serviceAccountName="default"),
    )
    assert told(review(pair), "not-judged") == []


@pytest.mark.parametrize(
    ("hard", "stuck"), [({"pods": "2"}, True), ({"pods": "3"}, False), ({"requests.nvidia.com/gpu": 2}, True)]
)
def test_a_quota_without_room_for_the_surge(hard: Any, stuck: bool, deployment: Make, review: Make) -> None:
    pair = [deployment(image=each, replicas=2, surge=1, unavailable=0) for each in ("v1", "v2")]
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    assert bool(told(review(tuple(pair), stays=[quota]), "rollout-stuck")) is stuck


@pytest.mark.parametrize(("replicas", "less"), [(1, "no replica"), (2, "a replica less")])
def test_what_a_gentler_strategy_costs(replicas: int, less: str, deployment: Make, review: Make) -> None:
    pair = [deployment(image=image, replicas=replicas, surge=1, unavailable=0) for image in ("v1", "v2")]
    hard = {"pods": str(replicas)}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    [risk] = [each for each in review(tuple(pair), stays=[quota]).risks if each.id == "rollout-stuck"]
    assert risk.advice == f"Set maxSurge 0 and maxUnavailable 1 ({less} is ready meanwhile)."


@pytest.mark.parametrize(("policy", "lost"), [("PreemptLowerPriority", True), ("Never", False)])
def test_who_loses_to_a_higher_priority(policy: str, lost: bool, deployment: Make, review: Make, pool: Make) -> None:
    classes = [priority_class("high", 1000, policy), priority_class("low", 1)]
    low = with_pod(deployment("lo", replicas=2, surge=0, unavailable=1), priorityClassName="low")
    pair = [
        with_pod(deployment("hi", replicas=each, surge=0, unavailable=1), priorityClassName="high") for each in (2, 4)
    ]
    result = review(tuple(pair), pools=[pool(4)], loads={"hi": 60}, stays=[low, *classes])
    expected = "all its replicas end, with the requests they serve, and wait for GPUs: `hi` has a higher priority (1000 over 1)"
    assert told(result, "preemption") == ([("error", "Deployment/lo", expected)] if lost else [])
    some = [pair[0], with_pod(deployment("hi", replicas=3, surge=0, unavailable=1), priorityClassName="high")]
    result = review(tuple(some), pools=[pool(4)], loads={"hi": 60}, stays=[low, *classes])
    assert [each for each, _, _ in told(result, "preemption")] == (["warning"] if lost else [])


def test_a_job_that_finds_no_room(deployment: Make, review: Make, pool: Make) -> None:
    container = {"name": "c", "resources": {"limits": {"nvidia.com/gpu": 4}}}
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }  # fmt: skip
    result = review((None, job), pools=[pool(4)], stays=[deployment(replicas=2)])
    assert told(result, "gpu-shortage") == [
        ("error", "Job/train", "its pods ask for 4 GPUs, and 2 of 4 in pool `h100` are free: they stay Pending")
    ]
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (None, None)
    assert told(review((None, job), pools=[pool(6)], stays=[deployment(replicas=2)]), "gpu-shortage") == []


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "left", "held"),
    [(1, 0, 1, 0, 1), (1, 1, 0, 1, 2), (4, 0, 1, 3, 4), (4, 1, 0, 4, 5), (4, None, None, 0, 4), (4, 2, 1, 3, 6)],
)
def test_what_is_left_when_no_new_pod_becomes_ready(
    replicas: int, surge: int, unavailable: int, left: int, held: int, deployment: Make, review: Make, pool: Make
) -> None:
    pair = [deployment(image=each, replicas=replicas, surge=surge, unavailable=unavailable) for each in ("v1", "v2")]
    [rollout] = review(tuple(pair), pools=[pool(8)], loads={"llama": 60}).rollouts
    assert (rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == (left, held)


@pytest.mark.parametrize(
    ("kind", "replicas", "surge", "load", "back"),
    [
        ("Deployment", 4, 0, 60, 90),  # the grace period of what holds the GPUs, then one load: all together
        ("Deployment", 4, 1, 60, 0),  # nobody went
        ("Deployment", 4, None, 60, 90),
        ("Deployment", 4, 0, None, None),
        ("StatefulSet", 4, 0, 60, None),  # waits for hands
    ],
)
def test_how_long_the_way_back_takes(
    kind: str, replicas: int, surge: int | None, load: int | None, back: int | None, deployment: Make, review: Make
) -> None:
    unavailable = None if surge is None else 1 - surge
    pair = [
        {**deployment(image=each, replicas=replicas, surge=surge, unavailable=unavailable), "kind": kind}
        for each in ("v1", "v2")
    ]
    [rollout] = review(tuple(pair), loads={} if load is None else {"llama": load}).rollouts
    assert rollout.if_it_fails.seconds_back == back
    [new] = review((None, pair[1]), loads={"llama": 60}).rollouts
    assert new.if_it_fails.seconds_back is None


def test_an_end_by_the_probes_says_what_it_leaves_out(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=each, surge=0, unavailable=1) for each in ("v1", "v2")]
    for obj in pair:
        obj["spec"]["template"]["spec"]["containers"][0]["startupProbe"] = {
            "exec": {},
            "periodSeconds": 10,
            "failureThreshold": 6,
        }
    [probed] = review(tuple(pair)).rollouts
    assert (probed.seconds_max, probed.basis["seconds"]) == (60, "assumed")
    assert probed.seconds_max_without == ("image pull", "second start")
    for pools, basis in (([pool(4)], "exact"), ([], "assumed")):
        [measured] = review(tuple(pair), loads={"llama": 50}, pools=pools).rollouts
        assert (measured.basis["seconds"], measured.seconds_max_without) == (basis, ())


def test_no_more_gpus_are_held_than_there_are(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=each, replicas=4, surge=1, unavailable=0) for each in ("v1", "v2")]
    [rollout] = review(tuple(pair), pools=[pool(4)], loads={"llama": 60}).rollouts
    assert (rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == (4, 4)


@pytest.mark.parametrize(("count", "stays", "held"), [(16, 6, 8), (16, 4, 12), (11, 0, 8), (3, 0, 0)])
def test_gpus_are_held_by_whole_pods(
    count: int, stays: int, held: int, deployment: Make, review: Make, pool: Make
) -> None:
    other = [deployment("other", replicas=stays)] if stays else []
    [rollout] = review((None, deployment(replicas=3, gpus=4)), pools=[pool(count)], stays=other).rollouts
    assert rollout.if_it_fails.gpus_held == held


def spread(key: str = "topology.kubernetes.io/zone", when: str = "DoNotSchedule") -> dict[str, Any]:
    selector = {"matchLabels": {"app.kubernetes.io/name": "llama"}}
    each = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector}
    return {"topologySpreadConstraints": [each]}


NODE = "kubernetes.io/hostname"


@pytest.mark.parametrize(
    ("fields", "surge", "told_of", "deadlock"),
    [
        (spread(), 1, True, None),
        (spread(), 0, False, False),  # the pod that goes makes room where it was
        (spread(when="ScheduleAnyway"), 1, False, False),
        (spread(NODE), 1, False, False),  # the nodes are known, and nobody else is on them
        ({"schedulerName": "volcano"}, 0, True, None),
        ({"tolerations": [{"key": "gpu", "operator": "Exists"}]}, 0, False, False),  # one more
    ],
)
def test_what_is_not_known_of_nodes(
    fields: Any, surge: int, told_of: bool, deadlock: bool | None, deployment: Make, review: Make, pool: Make
) -> None:
    before = deployment(image="v1", replicas=2, surge=surge, unavailable=1 - surge)
    after = with_pod(deployment(image="v2", replicas=2, surge=surge, unavailable=1 - surge), **fields)
    if "topologySpreadConstraints" in fields:
        with_pod(before, **fields)
    result = review((before, after), pools=[pool(16, 8)], loads={"llama": 300})
    assert [severity for severity, _, _ in told(result, "not-judged")] == (["note"] if told_of else [])
    assert result.gpus[0].deadlock is deadlock
    [rollout] = result.rollouts
    assert (rollout.seconds, rollout.basis["seconds"]) == (600, "assumed" if told_of else "exact")


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ([{"key": "gpu", "operator": "Exists"}], [], True),
        ([{"key": "gpu", "operator": "Exists"}], [{"operator": "Exists"}], False),  # tolerates everything
        ([{"key": "a", "value": "b"}], [{"key": "a", "operator": "Exists"}], False),
        ([{"key": "a", "value": "b"}], [{"key": "a", "value": "c"}], True),
        ([{"key": "a", "operator": "Exists", "effect": "PreferNoSchedule"}], [], False),
    ],
)
def test_a_toleration_that_goes(before: Any, after: Any, gone: bool, deployment: Make, review: Make) -> None:
    pair = tuple(with_pod(deployment(), tolerations=each) for each in (before, after))
    assert bool(told(review(pair), "not-judged")) is gone


def test_pods_of_others_that_must_be_apart(deployment: Make, review: Make, pool: Make) -> None:
    """The rule is the other workload's, and holds for both (interpodaffinity)."""
    pair = tuple(deployment(image=each, replicas=1, surge=1, unavailable=0) for each in ("v1", "v2"))
    other = with_pod(deployment("other", replicas=1), **apart({"app.kubernetes.io/component": "engine"}))
    [(severity, subject, _)] = told(review(pair, stays=[other], pools=[pool(8, 8)]), "rollout-stuck")
    assert (severity, subject) == ("error", "Deployment/llama")
    assert told(review(pair, stays=[other], pools=[pool(16, 8)]), "rollout-stuck") == []
    elsewhere = with_pod(deployment("other", replicas=1), **apart({"app.kubernetes.io/component": "router"}))
    assert told(review(pair, stays=[elsewhere], pools=[pool(8, 8)]), "rollout-stuck") == []


def test_apart_by_revision(deployment: Make, review: Make, pool: Make) -> None:
    term = {"matchLabelKeys": ["pod-template-hash"], "topologyKey": NODE}
    term["labelSelector"] = {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "Exists"}]}
    rule = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
    pair = tuple(with_pod(deployment(image=each, replicas=2, surge=1, unavailable=0), **rule) for each in ("v1", "v2"))
    assert told(review(pair, pools=[pool(16, 8)]), "rollout-stuck") == []
    assert len(told(review(pair, pools=[pool(8, 8)]), "rollout-stuck")) == 1


@pytest.mark.parametrize(
    ("modes", "severity"),
    [({}, ["warning"]), ({"weights": ["ReadWriteMany"]}, []), ({"weights": ["ReadWriteOnce"]}, [])],
)
def test_a_claim_of_which_nobody_says_the_mode(
    modes: Any, severity: list[str], deployment: Make, review: Make, pool: Make
) -> None:
    mount = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "weights"}}]}
    pair = tuple(with_pod(deployment(image=each, surge=1, unavailable=0), **mount) for each in ("v1", "v2"))
    result = review(pair, pools=[pool(16, 8)], facts={"claim_modes": modes}, loads={"llama": 300})
    assert [each for each, _, _ in told(result, "not-judged")] == severity
    assert bool(told(result, "rollout-stuck")) is (modes == {"weights": ["ReadWriteOnce"]})
    seen = ClusterFacts(date(2026, 1, 1), claim_modes={f"/{name}": tuple(found) for name, found in modes.items()})
    assert review(pair, pools=[pool(16, 8)], facts={"cluster": seen}, loads={"llama": 300}).risks == result.risks
    stated = {"cluster": seen, "claim_modes": {"weights": ["ReadWriteMany"]}}
    assert not told(review(pair, pools=[pool(16, 8)], facts=stated, loads={"llama": 300}), "rollout-stuck")


def test_a_limit_of_containers(deployment: Make, review: Make) -> None:
    limits = [{"type": "Container", "max": {"nvidia.com/gpu": 1}}]
    spec = {"spec": {"limits": limits}}
    limit = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, **spec}
    pair = (deployment(gpus=1), deployment(gpus=2))
    [(severity, _, message)] = told(review(pair, stays=[limit]), "rollout-stuck")
    assert (severity, "at most 1 of `nvidia.com/gpu`" in message) == ("error", True)
    assert told(review((deployment(), deployment(image="v2")), stays=[limit]), "rollout-stuck") == []


def test_a_quota_of_claims(deployment: Make, review: Make) -> None:
    def quota(size: str) -> dict[str, Any]:
        head = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
        return head | {"spec": {"hard": {"requests.storage": size}}}

    pair, new = (None, with_pod(deployment(), **MOUNT)), (None, claim("ReadWriteMany"))
    assert len(told(review(pair, new, stays=[quota("500Mi")]), "rollout-stuck")) == 1
    assert told(review(pair, new, stays=[quota("1Gi")]), "rollout-stuck") == []


@pytest.mark.parametrize(("number", "said"), [(READ, []), (READ + 1, ["Namespace/default"])])
def test_more_quotas_than_are_read_are_told(number: int, said: list[str], deployment: Make, review: Make) -> None:
    head = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "9"}}}
    quotas = [head | {"metadata": {"name": f"q{at}"}} for at in range(number)]
    result = review((deployment(), deployment(image="v2")), stays=quotas)
    assert [subject for _, subject, _ in told(result, "not-judged")] == said


def test_of_several_quotas_the_one_that_refuses_for_sure_is_told(deployment: Make, review: Make) -> None:
    def quota(name: str, pods: int) -> dict[str, Any]:
        metadata = {"name": name}
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": pods}}}

    quotas = [quota("wide", 9), quota("narrow", 1), quota("narrower", 0)]
    result = review((deployment(surge=1, unavailable=0), deployment(image="v2", surge=1, unavailable=0)), stays=quotas)
    [(_, _, message)] = told(result, "rollout-stuck")
    assert "`narrow` leaves no room for one more pod" in message


def dra(image: str, template: str = "one") -> Any:
    name = {"name": "gpu", "resourceClaimTemplateName": template}
    return {"resourceClaims": [name], "containers": [{"name": "c", "image": image, "resources": {"claims": [name]}}]}


def devices(count: int = 1) -> dict[str, Any]:
    request = {"name": "g", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": count}}
    head = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate", "metadata": {"name": "one"}}
    return head | {"spec": {"spec": {"devices": {"requests": [request]}}}}


def test_devices_that_are_claimed(deployment: Make, review: Make) -> None:
    pair = tuple(with_pod(deployment(replicas=2, surge=1, unavailable=0), **dra(each)) for each in ("v1", "v2"))
    pools = [
        Pool("h100", "nvidia.com/gpu", 4, 4, {}, device_classes=each)
        for each in (frozenset(), frozenset(["gpu.nvidia.com"]))
    ]
    unknown = review(pair, stays=[devices(2)], pools=pools[:1])
    assert [each for each, _, _ in told(unknown, "not-judged")] == ["note"]
    assert unknown.gpus[0].deadlock is None
    counted = review(pair, stays=[devices(2)], pools=pools[1:])
    [row] = counted.gpus
    assert (row.before, row.peak, row.deadlock, row.certain) == (4, 6, True, True)
    assert told(counted, "not-judged") == []


def test_what_never_starts_is_drawn_as_waiting_beside_what_stays(deployment: Make, review: Make, pool: Make) -> None:
    pair = [with_pod(deployment(image=each, surge=1, unavailable=0), **MOUNT) for each in ("v1", "v2")]
    result = review(
        tuple(pair), pools=[pool(16, 8)], loads={"llama": 300}, stays=[claim("ReadWriteOncePod"), deployment("opt")]
    )
    assert {(each.pod, each.phase) for each in result.timeline} == {("old-0", "ready"), ("new-0", "waiting")}
    [row] = result.gpus
    assert [(each.second, each.bound, each.waiting, each.terminating) for each in row.demand] == [(0, 2, 1, 0)]


def test_workloads_of_one_name_in_two_namespaces_are_told_apart(deployment: Make, review: Make, pool: Make) -> None:
    """A quota in namespace a holds the one; the other rolls out, and its pods are drawn and timed as its own."""

    def within(namespace: str, image: str) -> Any:
        made = deployment(image=image, surge=1, unavailable=0)
        return {**made, "metadata": {**made["metadata"], "namespace": namespace}}

    metadata = {"name": "q", "namespace": "a"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "1"}}}
    pairs = [(within(namespace, "v1"), within(namespace, "v2")) for namespace in ("a", "b")]
    result = review(*pairs, stays=[quota], pools=[pool(8, 8)], loads={"llama": 300})
    assert [(each.namespace, each.seconds) for each in result.rollouts] == [("a", None), ("b", 300)]
    assert len(told(result, "rollout-stuck")) == 1
    ends = {(each.workload[1], each.phase) for each in result.timeline if each.revision == "new"}
    assert ends == {("a", "waiting"), ("b", "loading"), ("b", "ready")}


def test_gpus_that_one_of_two_namespaces_waits_for(deployment: Make, review: Make, pool: Make) -> None:
    """Of two Deployments of one name, one is held up and the other gives up a replica first: the first may hang."""

    def within(namespace: str, image: str, surge: int) -> Any:
        made = deployment(image=image, surge=surge, unavailable=1 - surge, gpus=2)
        return {**made, "metadata": {**made["metadata"], "namespace": namespace}}

    pairs = [(within(name, "v1", surge), within(name, "v2", surge)) for name, surge in (("a", 1), ("b", 0))]
    assert len(told(review(*pairs, pools=[pool(5)], loads={"llama": 300}), "gpu-deadlock")) == 1


NAMED, TEAM = {"matchLabels": {"kubernetes.io/metadata.name": "other"}}, {"matchLabels": {"team": "a"}}


@pytest.mark.parametrize(
    ("reach", "labels", "stuck"),
    [
        ({}, {}, False),
        ({"namespaces": ["other"]}, {}, True),
        ({"namespaces": ["third"]}, {}, False),
        ({"namespaceSelector": {}}, {}, True),
        ({"namespaceSelector": NAMED}, {}, True),
        ({"namespaceSelector": TEAM}, {"team": "a"}, True),
        ({"namespaceSelector": TEAM}, {}, False),
        ({"namespaces": ["other"], "namespaceSelector": TEAM}, {}, True),
    ],
)
def test_pods_of_another_namespace(
    reach: Any, labels: Any, stuck: bool, deployment: Make, review: Make, pool: Make
) -> None:
    """One node, on which a pod of another namespace is that a rule may be against."""
    rule = apart({"app.kubernetes.io/name": "else"})
    rule["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0] |= reach
    there = deployment(name="else", replicas=1)
    there["metadata"]["namespace"] = "other"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other", "labels": labels}}
    pair = [with_pod(deployment(image="v1", replicas=each), **rule) for each in (0, 1)]
    result = review(tuple(pair), stays=[there, space], pools=[pool(8, 8)], loads={"llama": 300})
    assert bool(told(result, "rollout-stuck")) is stuck


@pytest.mark.parametrize(
    ("asked", "said"), [("20Gi", "at most 10Gi of `storage` to a claim, and 20Gi is asked"), ("5Gi", None)]
)
@pytest.mark.parametrize("space", ["llm", "other"])
def test_a_claim_beyond_a_limit(asked: str, said: str | None, space: str) -> None:
    limits = {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "10Gi"}}]}
    limit = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l", "namespace": space}, "spec": limits}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "llm"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": asked}}},
    }
    changes = compare({"u": [limit]}, {"u": [limit, claim]})
    found = find_beyond(changes, [limit], [limit, claim])
    assert [each.limit for each in found.values()] == ([said] if said and space == "llm" else [])


@pytest.mark.parametrize(
    ("kind", "policy", "severity"),
    [("Secret", None, "error"), ("ExternalSecret", None, "error"), ("ExternalSecret", "Orphan", None)],
)
def test_what_new_pods_read_goes_with_the_change(
    kind: str, policy: str | None, severity: str | None, deployment: Make, compared: Make
) -> None:
    """An ExternalSecret owns its Secret unless it says otherwise (External Secrets documentation, "Lifecycle")."""
    spec = {"target": {"name": "hf", **({"creationPolicy": policy} if policy else {})}}
    holder = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "hf"}, "spec": spec}
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "k"}}}]
    pair = [deployment(image=each, replicas=2, surge=0, unavailable=1) for each in ("v1", "v2")]
    for obj in pair:
        obj["spec"]["template"]["spec"]["containers"][0]["env"] = env
    result = compared([pair[0], holder], [pair[1]], load_seconds={"llama": 300})
    assert [each for each, _, _ in told(result, "rollout-stuck")] == ([severity] if severity else [])
    assert (result.rollouts[0].seconds is None) is bool(severity)
