"""What else stands in the way of new pods: claims, other pods, quotas, what they read, and what ends them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.review_rollout.obstacles_found import HOST, Find, Make, Object, find, made

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.review.rollout.obstacles import apart, quotas, references, starting, together, unstated, volumes

__all__ = ["find"]
"""The fixture."""


def claimed(name: str = "data") -> Object:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def claim(mode: str = "ReadWriteOnce", name: str = "data", namespace: str = "", **spec: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {"accessModes": [mode], **spec}}


ONCE = "claim `data` is ReadWriteOnce, so the pods of one node mount it: "
POD = "claim `data` is ReadWriteOncePod, so one pod mounts it: "
STAYS, PENDING = "and the old one stays until it is ready", "stays Pending"
OLD_STAYS = f"waits in ContainerCreating, {STAYS}"
WHILE = "waits in ContainerCreating while others have it"
MOUNTED: list[tuple[Object, dict[str, Any], list[tuple[str, str]]]] = [
    (claim(), {"surge": 1, "number": (1, 1)}, [(f"{ONCE}a new pod on another node {OLD_STAYS}", "sometimes")]),
    (claim("ReadWriteOncePod"), {"surge": 1, "number": (1, 1)}, [(f"{POD}a new pod {PENDING}, {STAYS}", "always")]),
    (claim("ReadWriteMany"), {"surge": 1, "number": (1, 1)}, []),
    (claim(), {"number": (1, 1)}, []),
    (claim(), {"number": (2, 2)}, [(f"{ONCE}a new pod on another node {WHILE}", "sometimes")]),
    (claim(), {"number": (1, 2), "images": "aa"}, [(f"{ONCE}a further replica on another node {WHILE}", "sometimes")]),
    (claim(), {"number": (2, 1), "images": "aa"}, []),
    (
        claim("ReadWriteOncePod"),
        {"number": (1, 2), "images": "aa"},
        [(f"{POD}a further replica {PENDING} while others have it", "always")],
    ),
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


def asking(**requests: str) -> Object:
    amounts = {name.replace("_", "-"): amount for name, amount in requests.items()}
    return {"initContainers": [{"name": "fetch", "resources": {"requests": amounts}}]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (asking(), asking(ephemeral_storage="5Ti"), "the pods begin to request `ephemeral-storage`"),
        (asking(ephemeral_storage="1Ti"), asking(ephemeral_storage="5Ti"), "the pods request more `ephemeral-storage`"),
        (asking(ephemeral_storage="5Ti"), asking(ephemeral_storage="5120Gi"), None),
        (asking(ephemeral_storage="5Ti"), asking(ephemeral_storage="1Ti"), None),
        (asking(), asking(cpu="4", memory="5Ti"), None),
        (None, asking(ephemeral_storage="5Ti"), "the pods begin to request `ephemeral-storage`"),
    ],
)
def test_a_resource_of_which_nothing_says_how_much_a_node_has(
    before: Object | None, after: Object, said: str | None, find: Find
) -> None:
    number = (2, 2) if before is not None else (0, 2)
    why = ", and nothing here states how much of it a node has: whether one takes them cannot be judged"
    wanted = [(f"{said}{why}", "unknown, unlikely")] if said else []
    assert find(before, after, rule=unstated, number=number) == wanted
    group = NodeGroup("h100", 2, allocatable={"ephemeral-storage": "10Ti"})
    known = ClusterFacts(date=date(2026, 1, 1), nodes=(group,))
    assert find(before, after, rule=unstated, number=number, cluster=known) == []
