"""facts/clusters/<name>.yaml: what is written is read back, and what is none is refused with its line."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack import yamlio
from llmstack.facts.cluster import ClusterFacts, Load, NodeGroup, PriorityClass, StorageClass
from llmstack.facts.cluster_file import file_path, read_cluster, write_cluster
from llmstack.facts.fields import FactsError
from llmstack.observed.things import Taint

AS_IN_THE_CONTRACT = """
date: 2026-11-20
versions: {kubernetes: "1.34", flux: "2.9"}
flux: {concurrent: 4}
nodes:
  - {group: h100, count: 2, cordoned: 0, labels: {}, taints: [], allocatable: {cpu: "96", memory: 700Gi, \
nvidia.com/gpu: 8}, others: {free: {8: 1, 4: 1}}}
loads: [{model: llama-8b, image: "vllm/vllm-openai:v0.11.2", seconds: {median: 340, worst: 410, of: 12}}]
storageClasses: [{name: fast, default: true, expands: true}]
exists: {runtimeClasses: [nvidia], priorityClasses: [high], claims: []}
"""


def test_the_form_of_the_contract_is_read() -> None:
    facts = read_cluster(AS_IN_THE_CONTRACT)
    assert facts.date == date(2026, 11, 20)
    assert (facts.versions["kubernetes"], facts.concurrent) == ("1.34", 4)
    [group] = facts.nodes
    assert (group.gpu, group.nodes) == ("nvidia.com/gpu", (8, 4))
    assert facts.load_of("llama-8b", "vllm/vllm-openai:v0.11.2") == Load(
        "llama-8b", "vllm/vllm-openai:v0.11.2", 340, 410, 12
    )
    assert facts.storage_classes == (StorageClass("fast", True, True),)
    assert facts.exists == {"runtimeClasses": ("nvidia",), "priorityClasses": ("high",), "claims": ()}


_NAME = st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True)
_COUNTS = st.dictionaries(st.integers(0, 16), st.integers(0, 9), max_size=3)
_GROUPS = st.builds(
    NodeGroup,
    name=_NAME,
    count=st.integers(0, 9),
    cordoned=st.integers(0, 9),
    labels=st.dictionaries(_NAME, st.text(st.characters(codec="ascii", categories=["L", "Nd"]), max_size=5)),
    taints=st.lists(st.builds(Taint, _NAME, st.sampled_from(["NoSchedule", "NoExecute"]), _NAME)).map(tuple),
    allocatable=st.dictionaries(_NAME, st.integers(0, 99) | st.sampled_from(["95", "700Gi"])),
    free=_COUNTS,
    priorities=st.dictionaries(st.integers(-9, 9), st.integers(0, 9), max_size=2),
)
_FACTS = st.builds(
    ClusterFacts,
    date=st.dates(min_value=date(1000, 1, 1)),
    versions=st.dictionaries(st.sampled_from(["kubernetes", "flux"]), st.sampled_from(["1.10", "1.34"])),
    concurrent=st.none() | st.integers(1, 99),
    nodes=st.lists(_GROUPS, max_size=3).map(tuple),
    loads=st.lists(st.builds(Load, _NAME, _NAME, st.just(3), st.integers(3, 9), st.integers(1, 9)), max_size=2).map(
        tuple
    ),
    storage_classes=st.none() | st.lists(st.builds(StorageClass, _NAME, st.booleans(), st.booleans())).map(tuple),
    priority_classes=st.none()
    | st.lists(st.builds(PriorityClass, _NAME, st.integers(-(2**31), 10**9)), min_size=1, max_size=2).map(tuple),
    claim_modes=st.dictionaries(_NAME, st.lists(st.just("ReadWriteOnce")).map(tuple)),
    exists=st.dictionaries(st.sampled_from(["claims", "runtimeClasses"]), st.lists(_NAME).map(tuple)),
)


@given(_FACTS)
def test_what_is_written_is_read_back(facts: ClusterFacts) -> None:
    text = write_cluster("prod", facts)
    assert read_cluster(text) == facts
    assert write_cluster("prod", read_cluster(text)) == text


@given(_GROUPS)
def test_a_group_has_as_many_nodes_as_take_pods(group: NodeGroup) -> None:
    assert len(group.nodes) == max(0, group.count - group.cordoned)
    assert all(gpus <= group.per_node for gpus in group.nodes)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("[]", None),
        ("a: [\n", 2),
        ("date: soon", 1),
        ("date: 2026-11-20\nnode: []", 2),
        ("date: 2026-11-20\nnodes:\n- {count: 2}", None),
        ("date: 2026-11-20\nnodes:\n- {group: a, count: -2}", 3),
        ("date: 2026-11-20\nnodes:\n- {group: a, count: 99999999999}", 3),
        ("date: 2026-11-20\nnodes:\n- {group: a, count: 2, others: {free: {x: 1}}}", 3),
        ("date: 2026-11-20\nnodes:\n- {group: a, count: 2, others: {free: {1: 90000, 2: 90000}}}", 3),
        ("date: 2026-11-20\nnodes:\n" + "- {group: a, count: 0}\n" * 1001, 2),
        ("date: 2026-11-20\nloads:\n- {model: a, image: b, seconds: {median: 9, worst: 1, of: 1}}", 3),
        ("date: 2026-11-20\nexists: {claims: x}", 2),
        ("date: 2026-11-20\nflux: {concurrent: many}", 2),
        ("date: 2026-11-20\nstorageClasses: 5", 2),
    ],
)
def test_what_is_none_is_refused_with_its_line(text: str, line: int | None) -> None:
    with pytest.raises(FactsError) as error:
        read_cluster(text)
    assert error.value.line == line


_ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["group", "count", "free", "8"]), inner)
    ),
)


@given(
    st.dictionaries(
        st.sampled_from(["date", "nodes", "loads", "exists", "flux", "storageClasses", "priorityClasses", "versions"]),
        _ANY,
    )
)
def test_no_data_ends_in_a_traceback(data: dict[str, object]) -> None:
    with suppress(FactsError):
        read_cluster(yamlio.dump({"date": "2026-11-20", **data}))


def test_an_environment_without_a_cluster_is_one_of_its_name() -> None:
    assert file_path("prod-eu") == "facts/clusters/prod-eu.yaml"
    assert file_path("env:dev") == "facts/clusters/dev.yaml"
