"""ResourceQuotas of our namespaces: what is learned of them, and what a review says with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.facts.cluster import ClusterFacts, Quota
from llmstack.facts.cluster_file import read_cluster, write_cluster
from llmstack.facts.fields import FactsError
from llmstack.facts.kept import join_facts
from llmstack.facts.learned import learn_cluster
from llmstack.facts.quotas import written
from llmstack.facts.release import Release
from llmstack.kubernetes.quantities import quantity
from llmstack.observed.things import Scope
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts
from llmstack.review.result import EnvironmentReview
from llmstack.review.surroundings import Surroundings
from tests.observed.support import Object, meta, node, pod, seen

DAY = date(2026, 11, 20)
OURS = {"app.kubernetes.io/instance": "llmstack"}
GPUS = "requests.nvidia.com/gpu"


def quota(hard: dict[str, Any], used: dict[str, Any] | None = None, namespace: str = "llm", **spec: Any) -> Object:
    return {
        **meta("ResourceQuota", "team", namespace),
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or {}},
    }


def claim(name: str, size: str) -> Object:
    return {**meta("PersistentVolumeClaim", name, "llm"), "spec": {"resources": {"requests": {"storage": size}}}}


def learn(*objects: Object) -> ClusterFacts:
    return learn_cluster(seen(*objects), [Release("llm", "llmstack")], at=DAY)


def test_what_others_use_is_what_the_controller_counts_less_our_own() -> None:
    used = {GPUS: "5", "pods": "3", "requests.storage": "30Gi", "limits.nvidia.com/gpu": "5", "services": "4"}
    [known] = (
        learn(
            quota(dict.fromkeys(used, "99"), used),
            quota({"pods": 1}, namespace="somebody"),
            pod("llmstack-a", gpus=2, labels=OURS),
            pod("done", gpus=8, labels=OURS, phase="Succeeded"),
            pod("notebook", gpus=3),
            claim("llmstack-weights", "10Gi"),
        ).quotas
        or ()
    )
    assert (known.namespace, known.name) == ("llm", "team")
    assert known.others == {GPUS: 3, "limits.nvidia.com/gpu": 3, "pods": 2, "requests.storage": "20Gi"}


def test_what_others_use_of_a_quota_of_some_pods() -> None:
    selector = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}
    ours = pod("llmstack-a", gpus=2, labels=OURS)
    high = {**ours, "metadata": {**ours["metadata"], "name": "llmstack-b"}}
    high["spec"] = {**high["spec"], "priorityClassName": "high"}
    objects = [quota({GPUS: 8}, {GPUS: 5}, scopeSelector=selector), ours, high, claim("llmstack-w", "1Gi")]
    [known] = learn(*objects).quotas or ()
    assert known.others == {GPUS: 3}
    assert known.scopes == (Scope("PriorityClass", "In", ("high",)),)


def test_of_quotas_without_pods_it_is_not_known_what_others_use() -> None:
    [known] = learn(quota({"pods": 4}, {"pods": 3})).quotas or ()
    assert (known.hard, known.others) == ({"pods": 4}, {})


def test_a_quota_that_is_gone_is_forgotten_where_the_whole_cluster_was_seen() -> None:
    known = ClusterFacts(DAY, quotas=(Quota("llm", "team", {"pods": 4}),))
    pods = [node("n1"), pod("a", on="n1")]
    for objects, kept in ((pods, known.quotas), ([*pods, meta("PriorityClass", "system-node-critical")], ())):
        found = seen(*objects)
        learned = learn_cluster(found, [Release("llm", "llmstack")], at=DAY)
        assert join_facts(learned, found.kinds, known, ()).quotas == kept


@given(st.fractions(min_value=0, max_value=1 << 62, max_denominator=1000))
def test_amounts_are_written_exactly_or_rounded_up_by_less_than_a_thousandth(amount: Any) -> None:
    read = quantity(written(amount))
    assert read is not None
    assert 0 <= read - amount < 0.001


@given(
    st.lists(
        st.builds(
            Quota, st.just("llm"), st.sampled_from("ab"),
            st.dictionaries(st.sampled_from(["pods", GPUS]), st.integers(0, 99) | st.just("16Gi")),
            st.dictionaries(st.sampled_from(["pods", GPUS]), st.integers(1, 99), max_size=1),
            st.lists(st.builds(Scope, st.just("PriorityClass"), st.sampled_from(["In", "Exists"]),
                               st.lists(st.just("high")).map(tuple))).map(tuple),
        ),
        min_size=1,
    ).map(tuple)
)  # fmt: skip
def test_what_is_written_is_read_back(quotas: tuple[Quota, ...]) -> None:
    facts = ClusterFacts(DAY, quotas=quotas)
    assert read_cluster(write_cluster("prod", facts)) == facts


@pytest.mark.parametrize(
    "text", ["[{name: a}]", "[{namespace: a, name: b, hard: [1]}]", "x", "[{namespace: a, name: b, scopes: [{}]}]"]
)
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(FactsError):
        read_cluster(f"date: 2026-11-20\nquotas: {text}")


def test_no_file_has_more_quotas_than_namespaces_have() -> None:
    quotas = "- {namespace: a, name: b, hard: {}}\n" * 101
    with pytest.raises(FactsError, match="more than 100"):
        read_cluster(f"date: 2026-11-20\nquotas:\n{quotas}")


def engine(image: str = "v1", replicas: int = 2, name: str = "llama", **more: Any) -> Object:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "engine"}
    container = {"name": "vllm", "image": image, "resources": {"limits": {"nvidia.com/gpu": 2}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "llm", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **more}},
        },
    }


def reviewed(
    before: list[Object], after: list[Object], *quotas: Quota, beside: tuple[Object, ...] = ()
) -> EnvironmentReview:
    known = Facts(cluster=ClusterFacts(DAY, quotas=quotas))
    near = Surroundings("prod", objects=tuple(("other", obj) for obj in beside))
    return assess(compare({"u": before}, {"u": after}), before, after, known, known, DAY, near=near)


def risks(review: EnvironmentReview) -> dict[str, str]:
    return {risk.id: risk.message for risk in review.risks if risk.id in ("rollout-stuck", "not-judged")}


@pytest.mark.parametrize(
    ("hard", "others", "said"),
    [
        ({GPUS: 6}, {}, set()),
        ({GPUS: 5}, {}, {"rollout-stuck"}),
        ({GPUS: 6}, {GPUS: 1}, {"not-judged"}),
        ({GPUS: 7}, {GPUS: 1}, set()),
        ({"pods": 2}, {}, {"rollout-stuck"}),
        ({"services": 0}, {}, set()),
        ({"limits.cpu": 9}, {}, set()),
    ],
)
def test_a_scale_up_under_a_quota_of_the_cluster(hard: Any, others: Any, said: set[str]) -> None:
    review = reviewed([engine()], [engine(replicas=3)], Quota("llm", "team", hard, others))
    found = risks(review)
    assert found.keys() == said
    assert all("`team`" in message for message in found.values())


def test_pods_that_got_in_before_get_in_again() -> None:
    """They state no limit of CPU: a LimitRange of the cluster does, or they would not be there."""
    quota = Quota("llm", "team", {"limits.cpu": 9})
    assert not risks(reviewed([engine()], [engine("v2")], quota))
    assert "not-judged" in risks(reviewed([engine()], [engine(), engine(name="qwen")], quota))


def test_a_quota_of_another_namespace_or_of_other_pods_is_none() -> None:
    for quota in (
        Quota("elsewhere", "team", {GPUS: 0}),
        Quota("llm", "team", {GPUS: 0}, scopes=(Scope("PriorityClass", "In", ("high",)),)),
    ):
        assert not risks(reviewed([engine()], [engine(replicas=3)], quota))
    of_ours = Quota("llm", "team", {GPUS: 0}, scopes=(Scope("PriorityClass", "In", ("high",)),))
    high = [engine(replicas=number, priorityClassName="high") for number in (2, 3)]
    assert "rollout-stuck" in risks(reviewed(high[:1], high[1:], of_ours))


def test_pods_of_another_environment_in_the_namespace_count() -> None:
    before, after = [engine()], [engine(replicas=3)]
    quota = Quota("llm", "team", {GPUS: 8})
    other = engine(name="qwen")
    assert not risks(reviewed(before, after, quota))
    assert "rollout-stuck" in risks(reviewed(before, after, quota, beside=(other,)))
    elsewhere = {**other, "metadata": {**other["metadata"], "namespace": "elsewhere"}}
    assert not risks(reviewed(before, after, quota, beside=(elsewhere,)))


def test_the_quota_in_the_repository_is_the_one_that_counts() -> None:
    ours = {**meta("ResourceQuota", "team", "llm"), "spec": {"hard": {GPUS: 6}}}
    for before, after in (([engine(), ours], [engine(replicas=3), ours]), ([engine(), ours], [engine(replicas=3)])):
        assert not risks(reviewed(before, after, Quota("llm", "team", {GPUS: 0})))
