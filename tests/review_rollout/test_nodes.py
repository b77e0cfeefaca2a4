"""Nodes that stand in the way of new pods: one that must hold them all, an even spread, and nodes of another label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from llmstack.kubernetes.replicas import scalers
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.obstacles import apart, nodes, quotas, references, starting, together, volumes
from llmstack.review.rollout.obstacles.case import Case, Obstacle, Scene, template_in
from llmstack.review.rollout.workload import read_workload

Make = Callable[..., Any]
Object = dict[str, Any]
Find = Callable[..., list[tuple[str, str]]]
NOBODY = scalers([])


def made(deployment: Make, image: str, pod: Object, **more: Any) -> Object:
    obj: Object = deployment(image=image, **more)
    obj["spec"]["template"]["spec"] |= pod
    obj["spec"]["template"]["spec"]["containers"][0] |= {"image": image}
    return obj


@pytest.fixture
def find(deployment: Make, change: Make, pool: Make) -> Find:
    """What a rule finds in the way of a Deployment whose pods become others: each message, and how it hangs."""

    def found(
        before: Object | None, after: Object, *, rule: Any = nodes, pools: Sequence[Pool] | None = None,
        others: Sequence[Object] = (), comes: Sequence[Object] = (), surge: int = 0, number: tuple[int, int] = (2, 2), gpus: int = 4,
        images: str = "ab", most: Any = None, **facts: Any,
    ) -> list[tuple[str, str]]:  # fmt: skip
        strategy = {"surge": surge, "unavailable": 1 - surge, "gpus": gpus}
        sides = [
            None if pod is None else made(deployment, image, pod, replicas=replicas, **strategy)
            for pod, image, replicas in zip((before, after), images, number, strict=True)
        ]
        known = Facts(pools=(pool(16, 8),) if pools is None else tuple(pools), **facts)
        workload = read_workload(change(*sides), (NOBODY, NOBODY), (known, known))
        new = sides[1]
        assert workload is not None
        assert workload.new is not None
        assert new is not None
        own = next((each for each in known.pools if (each.name, each.resource) == workload.new.pool), None)
        there = [sides[0]] if sides[0] is not None else []
        scene = Scene([*there, *others], [new, *others, *comes], known, NOBODY, most or NOBODY)
        case = Case(workload, new, template_in(new) or {}, own, scene, sides[0])
        return [_told(each) for each in rule.find(case)]

    return found


def _told(each: Obstacle) -> tuple[str, str]:
    return each.message, f"{each.hangs}{'' if each.likely else ', unlikely'}"


NAMED, BY_LABEL = {"nodeName": "n1"}, {"nodeSelector": {"kubernetes.io/hostname": "n1"}}
REJECTED = "the kubelet rejects the pod, again and again"


def pinned(needed: int, room: str = "8 GPUs", fate: str = REJECTED) -> list[tuple[str, str]]:
    said = f"all pods are on node `n1`, which has {room}, and {needed} are needed at a time: {fate}"
    return [(said, "always")]


@pytest.mark.parametrize(
    ("pod", "options", "found"),
    [
        (NAMED, {}, []),
        (NAMED, {"surge": 1}, pinned(12)),
        (NAMED, {"number": (3, 3)}, pinned(12)),
        (BY_LABEL, {"surge": 1}, pinned(12, fate="the pod stays Pending")),
        (NAMED, {"number": (2, 3), "images": "aa"}, pinned(12)),
        (NAMED, {"number": (3, 2), "images": "aa"}, []),
        (NAMED, {"number": (4, 3), "images": "aa"}, []),  # nothing comes
        (NAMED, {"gpus": 0, "surge": 1}, []),
        ({}, {"surge": 1}, []),
    ],
)
def test_pods_that_one_node_must_hold(pod: Object, options: Any, found: Any, find: Find) -> None:
    assert find(pod, pod, **options) == found


def test_the_room_of_the_one_node(find: Find, pool: Make, deployment: Make) -> None:
    assert find(NAMED, NAMED, surge=1, pools=[pool(12)]) == [], "one node of which nobody says more"
    assert find(NAMED, NAMED, surge=1, pools=[pool(11)]) == pinned(12, "11 GPUs")
    assert find(NAMED, NAMED, surge=1, pools=[]) == []
    other = made(deployment, "x", NAMED, name="other", replicas=2, gpus=1)
    assert find(NAMED, NAMED, others=[other]) == pinned(10)
    elsewhere = made(deployment, "x", {"nodeName": "n2"}, name="other", replicas=2, gpus=1)
    assert find(NAMED, NAMED, others=[elsewhere]) == []


def spread(key: str = "zone", when: str = "DoNotSchedule") -> Object:
    return {"topologySpreadConstraints": [{"topologyKey": key, "whenUnsatisfiable": when}]}


HOST = "kubernetes.io/hostname"
UNEVEN = "the pods must be spread evenly over `{}` (DoNotSchedule), and what is free in each is not known: a "


@pytest.mark.parametrize(
    ("before", "after", "options", "key"),
    [
        (spread(), spread(), {"surge": 1}, "zone"),
        (spread(), spread(), {}, None),
        (spread(), {**spread(), "nodeSelector": {"a": "b"}}, {}, "zone"),  # they go to other nodes
        (spread(), spread(), {"number": (1, 2), "images": "aa"}, "zone"),
        (spread(), spread(), {"number": (2, 1), "images": "aa"}, None),
        (spread(), spread(), {"number": (1, 1), "surge": 1}, "zone"),
        (spread(), spread(), {"number": (0, 1), "images": "aa"}, None),  # of one pod any place is even
        (spread(when="ScheduleAnyway"), spread(when="ScheduleAnyway"), {"surge": 1}, None),
        (spread(HOST), spread(HOST), {"surge": 1}, None),
        (spread(HOST), spread(HOST), {"surge": 1, "number": (4, 4)}, HOST),  # three on one of two nodes of 8
        (spread(HOST), spread(HOST), {"number": (3, 4), "images": "aa"}, None),
    ],
)
def test_an_even_spread(before: Object, after: Object, options: Any, key: str | None, find: Find) -> None:
    said = [message for message, hangs in find(before, after, **options) if hangs == "unknown, unlikely"]
    assert [message for message in said if "evenly" in message] == (
        [f"{UNEVEN.format(key)}new pod waits where the one that may take it has no room"] if key else []
    )


def test_an_even_spread_over_nodes_that_others_use_too(find: Find, deployment: Make, pool: Make) -> None:
    other = deployment("other", replicas=1, gpus=1)
    assert len(find(spread(HOST), spread(HOST), surge=1, others=[other])) == 1
    assert find(spread(HOST), spread(HOST), surge=1, others=[deployment("other", gpus=0)]) == []
    assert len(find(spread(HOST), spread(HOST), surge=1, pools=[pool(16)])) == 1, "nobody says how many nodes"


def zone(name: str) -> Object:
    return {"nodeSelector": {"zone": name}}


def test_nodes_that_no_declared_pool_has(find: Find, pool: Make) -> None:
    pools = [pool(8, 8, "a", zone="a"), pool(8, 8, "b", zone="b")]
    [(message, hangs)] = find(zone("a"), zone("c"), pools=pools)
    assert hangs == "unknown"
    assert message == (
        "none of the declared pools (`a`, `b`) has the nodes that the pods ask for: they stay Pending unless there "
        "are others"
    )
    assert find(zone("c"), zone("c"), pools=pools) == [], "what runs has found some"
    assert find(zone("a"), zone("b"), pools=pools) == []
    assert find(zone("a"), zone("c"), pools=[]) == []
    assert find(zone("a"), zone("c"), pools=pools, gpus=0) == []


def test_nodes_of_a_label_that_only_some_of_a_pool_may_have(find: Find, pool: Make) -> None:
    pools = [pool(16, 8, "a", zone="a")]
    asked = {"nodeSelector": {"zone": "a", "rack": "1", "disk": "ssd", HOST: "n1"}}
    [(message, hangs)] = [each for each in find(zone("a"), asked, pools=pools, gpus=1) if "begin to ask" in each[0]]
    assert (hangs, message) == (
        "unknown, unlikely",
        "the pods begin to ask for nodes with `disk=ssd`, `rack=1`, and how many of pool `a` have it is not known",
    )
    assert find({}, zone("a"), pools=pools) == [], "all of them have that"
    assert find(asked, zone("a"), pools=pools) == []
    assert find(None, asked, pools=pools, number=(0, 1), gpus=1) == [], "nobody says that it was otherwise"


GPU_TAINT = {"key": "gpu", "operator": "Equal", "value": "a", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("before", "after", "taint"),
    [
        (GPU_TAINT, None, "gpu=a"),
        (GPU_TAINT, GPU_TAINT, None),
        (GPU_TAINT, {"operator": "Exists"}, None),
        (GPU_TAINT, {"key": "gpu", "operator": "Exists"}, None),
        (GPU_TAINT, {"key": "other", "operator": "Exists"}, "gpu=a"),
        (GPU_TAINT, {**GPU_TAINT, "effect": "NoExecute"}, "gpu=a"),
        (GPU_TAINT, {"key": "gpu", "value": "a"}, None),
        (GPU_TAINT, {**GPU_TAINT, "value": "b"}, "gpu=a"),
        ({"key": "gpu", "operator": "Exists"}, GPU_TAINT, "gpu"),
        ({"key": "gpu", "operator": "Exists"}, {"key": "gpu"}, "gpu"),
        ({"operator": "Exists"}, None, "any taint"),
        ({**GPU_TAINT, "effect": "PreferNoSchedule"}, None, None),
    ],
)
def test_a_toleration_that_is_taken_away(before: Object, after: Object | None, taint: str | None, find: Find) -> None:
    kept = {"tolerations": [after]} if after else {}
    found = find({"tolerations": [before]}, kept)
    said = f"the toleration of `{taint}` is taken away: a node with that taint takes no new pod"
    assert found == ([(said, "unknown, unlikely")] if taint else [])
    assert find(None, kept, number=(0, 2)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"schedulerName": "volcano"}, "the pods wait for scheduler `volcano`"),
        ({"schedulerName": "volcano"}, {"schedulerName": "volcano"}, None),
        ({}, {"schedulerName": "default-scheduler"}, None),
        ({}, {"schedulingGates": [{"name": "a"}]}, "the pods wait until something removes their scheduling gate `a`"),
        ({"schedulingGates": [{"name": "a"}]}, {"schedulingGates": [{"name": "a"}]}, None),
        ({"schedulingGates": [{"name": "a"}]}, {"schedulingGates": [{"name": "b"}]}, "scheduling gate `b`"),
        ({"schedulingGates": [{"name": "a"}]}, {}, None),
    ],
)
def test_what_pods_wait_for_before_they_are_scheduled(
    before: Object, after: Object, said: str | None, find: Find, deployment: Make
) -> None:
    found = find(before, after)
    assert [(said or "") in message for message, _ in found] == ([True] if said else [])
    other = made(deployment, "x", {"schedulerName": "volcano"}, name="other")
    if after.get("schedulerName"):
        assert find(before, after, others=[other]) == [], "another workload has it"
        assert find(None, after, number=(0, 2)) == [], "of an environment that is new nothing is known"


def claimed(name: str = "data") -> Object:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def claim(mode: str = "ReadWriteOnce", name: str = "data", namespace: str = "", **spec: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {"accessModes": [mode], **spec}}


ONCE = "claim `data` is ReadWriteOnce, so the pods of one node mount it: "
POD = "claim `data` is ReadWriteOncePod, so one pod mounts it: "
OLD_STAYS = "waits in ContainerCreating, and the old one stays until it is ready"
WHILE = "waits in ContainerCreating while others have it"
MOUNTED: list[tuple[Object, dict[str, Any], list[tuple[str, str]]]] = [
    (claim(), {"surge": 1, "number": (1, 1)}, [(f"{ONCE}a new pod on another node {OLD_STAYS}", "sometimes")]),
    (claim("ReadWriteOncePod"), {"surge": 1, "number": (1, 1)}, [(f"{POD}a new pod {OLD_STAYS}", "always")]),
    (claim("ReadWriteMany"), {"surge": 1, "number": (1, 1)}, []),
    (claim(), {"number": (1, 1)}, []),
    (claim(), {"number": (2, 2)}, [(f"{ONCE}a new pod on another node {WHILE}", "sometimes")]),
    (claim(), {"number": (1, 2), "images": "aa"}, [(f"{ONCE}a further replica on another node {WHILE}", "sometimes")]),
    (claim(), {"number": (2, 1), "images": "aa"}, []),
    (claim("ReadWriteOncePod"), {"number": (1, 2), "images": "aa"}, [(f"{POD}a further replica {WHILE}", "always")]),
    (claim(namespace="x"), {"surge": 1, "number": (2, 2)}, []),  # of several pods that mount it, it can be shared
]


@pytest.mark.parametrize(("there", "options", "found"), MOUNTED)
def test_claims_that_one_node_mounts(there: Object, options: Any, found: Any, find: Find) -> None:
    assert find(claimed(), claimed(), rule=volumes, others=[there], **options) == found


def test_a_pool_of_one_node_and_a_volume_that_is_attached_nowhere(find: Find, pool: Make, deployment: Make) -> None:
    one = [pool(8, 8)]
    assert find(claimed(), claimed(), rule=volumes, others=[claim()], surge=1, gpus=1, pools=one) == []
    held = find(claimed(), claimed(), rule=volumes, others=[claim("ReadWriteOncePod")], surge=1, gpus=1, pools=one)
    assert [hangs for _, hangs in held] == ["always"]
    nfs = {"kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": {"nfs": {"path": "/"}}}
    bound = claim(volumeName="pv")
    assert find(claimed(), claimed(), rule=volumes, others=[bound, nfs], surge=1) == []
    sharer = made(deployment, "x", claimed(), name="other", replicas=1)
    assert len(find(claimed(), claimed(), rule=volumes, others=[claim(), sharer], number=(1, 1))) == 1


def test_a_claim_of_which_nobody_says_the_mode(find: Find) -> None:
    alone = {"rule": volumes, "surge": 1, "number": (1, 1)}
    [(message, hangs)] = find(claimed(), claimed(), **alone)
    assert (hangs, "nothing here says whether pods of two nodes may mount claim `data`" in message) == ("unknown", True)
    assert find(claimed(), claimed(), **{**alone, "number": (2, 2)}) == [], "two pods mount it already"
    assert find({}, claimed(), **alone) == [], "the old pod does not have it"
    assert len(find(None, claimed(), rule=volumes, number=(0, 2))) == 1
    assert find(claimed(), claimed(), rule=volumes, number=(1, 1)) == []
    assert find(claimed(), claimed(), **alone, claim_modes={"data": ["ReadWriteMany"]}) == []


def test_pods_each_on_a_node_of_its_own(find: Find, pool: Make) -> None:
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "llama"}}}
    rule = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
    said = "anti-affinity allows one of the pods on a node: 3 are needed at a time, and pool `h100` has 2 nodes"
    assert find(rule, rule, rule=apart, surge=1) == [(said, "always")]
    assert find(rule, rule, rule=apart, surge=1, pools=[pool(24, 8)]) == []
    assert find(rule, rule, rule=apart) == []
    [(message, hangs)] = find(rule, rule, rule=apart, surge=1, pools=[pool(16)])
    assert (message, hangs) == (
        "anti-affinity allows one of the pods on a node, and how many nodes there are is not known", "unknown, unlikely",
    )  # fmt: skip
    zones = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {**term, "topologyKey": "zone"},
    ]}}}  # fmt: skip
    [(message, hangs)] = find(zones, zones, rule=apart, surge=1)
    assert message == "anti-affinity allows one of the pods in each `zone`, and how many there are is not known"
    assert find(zones, zones, rule=apart) == []


def with_others(app: str, key: str = HOST) -> Object:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app.kubernetes.io/name": app}}}
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def test_pods_that_must_be_with_others(find: Find, deployment: Make) -> None:
    [(message, hangs)] = find({}, with_others("cache"), rule=together)
    assert (hangs, "nothing here runs such pods" in message) == ("unknown", True)
    assert find({}, with_others("cache"), rule=together, others=[deployment("cache")]) == []
    own = with_others("llama")
    assert find(own, own, rule=together) == []
    said = "podAffinity wants all pods on one node: they take 12 GPUs, and the largest has 8"
    assert find(own, own, rule=together, surge=1) == [(said, "always")]
    assert find(with_others("llama", "zone"), with_others("llama", "zone"), rule=together, surge=1) == []
    assert find(own, own, rule=together, number=(3, 2), images="aa") == []


def domains(least: int, skew: int = 1) -> Object:
    selector = {"matchLabels": {"app.kubernetes.io/name": "llama"}}
    rule = {"topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    return {"topologySpreadConstraints": [{**rule, "minDomains": least, "maxSkew": skew}]}


def test_a_spread_over_more_nodes_than_there_are(find: Find) -> None:
    said = (
        "the pods must be spread over 3 nodes (`minDomains`), and the pool has 2: of {} pods 2 find a place"
    )  # fmt: skip
    assert find(domains(3), domains(3), rule=together, number=(3, 3)) == [(said.format(3), "sometimes")]
    assert find(domains(3), domains(3), rule=together, surge=1) == [(said.format(3), "sometimes")]
    assert find(domains(3), domains(3), rule=together) == []
    assert find(domains(2), domains(2), rule=together, number=(3, 3)) == []
    assert find(domains(3, 2), domains(3, 2), rule=together, number=(4, 4)) == []


def quota(name: str = "q", namespace: str = "", **hard: Any) -> Object:
    limits = {key.replace("_", "."): amount for key, amount in hard.items()}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": limits}}


@pytest.mark.parametrize(
    ("there", "options", "said"),
    [
        (quota(pods=2), {}, None),
        (quota(pods=2), {"surge": 1}, "leaves no room for one more pod before an old one goes (`pods`)"),
        (quota(pods=3), {"surge": 1}, None),
        (quota(pods=1), {}, "leaves less than all pods take (`pods`)"),
        (quota(pods=1), {"surge": 1}, "leaves less than all pods take (`pods`)"),
        (quota(pods=1, namespace="x"), {"surge": 1}, None),
        (quota(pods=1), {"number": (3, 2), "images": "aa"}, None),  # nothing comes
        (quota(pods=2), {"number": (2, 3), "images": "aa"}, "leaves less than all pods take (`pods`)"),
    ],
)
def test_a_quota(there: Object, options: Any, said: str | None, find: Find) -> None:
    found = find({}, {}, rule=quotas, others=[there], **options)
    assert found == ([(f"ResourceQuota `q` {said}: the API server refuses it", "always")] if said else [])


def live(**probes: Any) -> Object:
    return {"containers": [{"name": "vllm", **probes}]}


LIVENESS = {"livenessProbe": {"initialDelaySeconds": 15, "periodSeconds": 10, "failureThreshold": 3}}


def test_a_liveness_probe_that_ends_what_loads(find: Find) -> None:
    def said(before: Object | None, after: Object, **options: Any) -> list[str]:
        given = {"rule": starting, "gpus": 0, "images": "ab", **options}
        return [message for message, _ in find(before, after, **given)]

    later = {"livenessProbe": {**LIVENESS["livenessProbe"], "failureThreshold": 9}}
    assert ["after 45 s" in each for each in said(live(), live(**LIVENESS))] == [True]
    assert len(said(live(**later), live(**LIVENESS))) == 1
    assert said(live(**LIVENESS), live(**later)) == []
    assert said(live(**LIVENESS), live(**LIVENESS)) == []
    assert said(live(), live(**LIVENESS, startupProbe={"httpGet": {"port": 1}, "failureThreshold": 1})) == []
    assert said(live(), live(**LIVENESS), load_seconds={"llama": 60}) == []
    assert len(said(None, live(**LIVENESS), number=(0, 1))) == 1


@pytest.mark.parametrize(("most", "said"), [(2, False), (3, False), (4, True)])
def test_a_quota_with_a_scaler_at_its_most(most: int, said: bool, find: Find) -> None:
    scaled = {("Deployment", "", "llama"): most}
    found = find({}, {}, rule=quotas, others=[quota(pods=3)], most=scaled)
    message = "with its scaler at the most, ResourceQuota `q` leaves less `pods` than all pods take"
    assert found == ([(message, "sometimes")] if said else [])
    assert bool(find({}, {}, rule=quotas, others=[quota(pods=3)], most=scaled, number=(3, 2), images="aa")) is said


@pytest.mark.parametrize(("hard", "refused"), [("1Gi", False), ("1023Mi", True)])
def test_a_claim_beyond_a_quota(hard: str, refused: bool, find: Find) -> None:
    asked = claim(resources={"requests": {"storage": "1Gi"}})
    limit = quota(**{"requests.storage": hard})
    changed = {**claimed(), "priorityClassName": "x"}
    found = find(claimed(), changed, rule=quotas, others=[limit, asked])
    assert found == [], "the claim is as it was"
    said = (
        "ResourceQuota `q` allows less `requests.storage` than all claims take: claim `data` is refused, and the pods"
    )
    grown = [*find_claims(find, limit, asked)]
    assert [(message.startswith(said), hangs) for message, hangs in grown] == [(True, "always")] * refused


def find_claims(find: Find, limit: Object, asked: Object) -> list[tuple[str, str]]:
    """What is found where the claim comes with the change."""
    return find(claimed(), claimed(), rule=quotas, others=[limit], comes=[asked])


def test_what_pods_begin_to_read(find: Find) -> None:
    reads = {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}
    [(message, hangs)] = find({}, reads, rule=references)
    assert (hangs, message) == (
        "unknown, unlikely",
        "the pods begin to read Secret `s`, which nothing here makes: without it none of them starts",
    )
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": ""}}
    assert find({}, reads, rule=references, others=[secret]) == []
    assert find({}, reads, rule=references, existing=frozenset({("Secret", "s")})) == []
    assert find(reads, reads, rule=references) == [], "it was read before"
    assert find(None, reads, rule=references, number=(0, 1)) == [], "of what is new lint says it"
    items = {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "b", "path": "b"}]}}]}
    said = "Secret `s` has no key `b`, which the pods read: they stay in ContainerCreating"
    assert find(reads, items, rule=references, others=[secret]) == [(said, "always")]
    assert find(items, items, rule=references, others=[secret]) == [], "it was so before"
