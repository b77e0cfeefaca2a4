"""What stays of facts that were known, where the input does not show it."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts, Load, NodeGroup, PriorityClass, StorageClass
from llmstack.facts.kept import MOST_IMAGES, join_facts

OLD, NEW = date(2026, 11, 1), date(2026, 11, 20)
NODES = (NodeGroup("h100", 2, allocatable={"nvidia.com/gpu": 8}, free={8: 1, 4: 1}, priorities={0: 4}),)
KNOWN = ClusterFacts(
    date=OLD,
    versions={"flux": "2.8", "kubernetes": "1.33"},
    concurrent=8,
    nodes=NODES,
    loads=(Load("llama", "v1", 300, 410, 12), Load("gone", "v1", 10, 10, 1)),
    storage_classes=(StorageClass("fast", True, True),),
    priority_classes=(PriorityClass("high", 1000),),
    claim_modes={"llm/a": ("ReadWriteOnce",)},
    exists={"claims": ("llm/a",), "priorityClasses": ("high",)},
)


def test_a_recording_of_pods_adds_load_times_and_takes_nothing_away() -> None:
    found = join_facts(
        ClusterFacts(NEW, loads=(Load("llama", "v1", 320, 350, 2),)), {"Pod", "ReplicaSet"}, KNOWN, {"llama"}
    )
    assert found.loads == (Load("llama", "v1", 320, 410, 2),)
    assert (found.date, found.nodes, found.concurrent, found.versions) == (OLD, NODES, 8, KNOWN.versions)
    assert (found.storage_classes, found.priority_classes) == (KNOWN.storage_classes, KNOWN.priority_classes)
    assert found.exists == KNOWN.exists
    assert found.claim_modes == KNOWN.claim_modes
    looked = ClusterFacts(NEW, exists={"claims": ()})
    assert join_facts(looked, {"PersistentVolumeClaim"}, KNOWN, {"llama"}).claim_modes == {}


def test_nodes_without_pods_keep_what_others_held() -> None:
    seen = ClusterFacts(NEW, nodes=(NodeGroup("h100", 3, allocatable={"nvidia.com/gpu": 8}),))
    found = join_facts(seen, {"Node"}, KNOWN, {"llama"})
    assert [(each.count, each.nodes) for each in found.nodes] == [(3, (8, 8, 4))]
    assert found.date == NEW
    other = replace(seen, nodes=(replace(seen.nodes[0], labels={"zone": "b"}),))
    assert join_facts(other, {"Node"}, KNOWN, {"llama"}).nodes == NODES
    assert join_facts(seen, {"Node"}, None, {"llama"}).nodes == ()
    [alone] = join_facts(seen, {"Node", "Pod"}, KNOWN, {"llama"}).nodes
    assert alone.nodes == (8, 8, 8)


def test_a_program_that_is_gone_is_gone_where_somebody_looked() -> None:
    seen = ClusterFacts(NEW, {"kubernetes": "1.34"}, nodes=NODES)
    assert join_facts(seen, {"Node", "Deployment"}, KNOWN, set()).versions == {"kubernetes": "1.34"}
    assert join_facts(seen, {"Node"}, KNOWN, set()).versions == {"flux": "2.8", "kubernetes": "1.34"}


def test_input_that_is_older_adds_only_what_is_not_known() -> None:
    older = ClusterFacts(
        date(2026, 10, 1),
        nodes=(NodeGroup("h100", 1),),
        loads=(Load("llama", "v1", 100, 500, 1), Load("qwen", "v1", 50, 60, 1)),
        exists={"runtimeClasses": ("nvidia",)},
    )
    found = join_facts(older, {"Node", "Pod", "Deployment"}, KNOWN, {"llama", "qwen"})
    assert (found.date, found.nodes, found.versions) == (OLD, NODES, KNOWN.versions)
    assert found.loads == (
        Load("gone", "v1", 10, 10, 1),
        Load("llama", "v1", 300, 500, 12),
        Load("qwen", "v1", 50, 60, 1),
    )
    assert found.exists == {**KNOWN.exists, "runtimeClasses": ("nvidia",)}


def test_of_a_model_so_many_images_are_remembered() -> None:
    known = ClusterFacts(OLD, loads=tuple(Load("llama", f"v{number}", 100, 100, number) for number in range(1, 9)))
    found = join_facts(ClusterFacts(NEW, loads=(Load("llama", "v9", 100, 100, 1),)), {"Pod"}, known, {"llama"})
    assert [each.image for each in found.loads] == ["v6", "v7", "v8", "v9"]
    assert len(found.loads) == MOST_IMAGES
