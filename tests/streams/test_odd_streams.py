"""Two streams of anything end in a review, or in findings: whatever is in the place of whatever, in every format."""

from __future__ import annotations

import copy
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmstack import yamlio
from llmstack.errors import FoundError
from llmstack.report.review_formats import REVIEW_FORMATS, render_review
from llmstack.repository.snapshot import Disk
from llmstack.repository.stream_review import review_streams
from llmstack.repository.stream_terms import Terms, read_terms
from llmstack.repository.streams import Objects, read_objects
from llmstack.review.result import Review

TODAY = date(2026, 1, 1)
POD = {
    "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
    "containers": [{
        "name": "vllm", "image": "vllm/vllm-openai:v0.19.1", "command": ["sh", "-c", "vllm serve Qwen/Qwen3-8B $X --foo"],
        "env": [{"name": "X", "value": "--seed 1"}, {"name": "VLLM_NOTHING", "value": "1"}],
        "ports": [{"name": "http", "containerPort": 8000}], "resources": {"limits": {"nvidia.com/gpu": 1}},
        "startupProbe": {"httpGet": {"port": "http"}, "failureThreshold": 9},
    }],
}  # fmt: skip
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": "http"}]}},
    {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "minReplicas": 1, "maxReplicas": 3}},
    {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "l"},
     "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": TEMPLATE}}},
    {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"},
     "spec": {"headGroupSpec": {"template": TEMPLATE}, "workerGroupSpecs": [{"replicas": 1, "template": TEMPLATE}]}},
    {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "k"},
     "spec": {"predictor": {"model": {"modelFormat": {"name": "vLLM"}, "args": ["--x"],
                                      "resources": {"limits": {"nvidia.com/gpu": "1"}}}}}},
    {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "metadata": {"name": "k"},
     "spec": {"replicas": 1, "template": POD, "model": {"uri": "hf://Qwen/Qwen3-8B"}}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}},
]  # fmt: skip
JUNK = st.sampled_from(
    [None, "", "x", 0, -1, 1.5, True, [], {}, [None], [[]], {"a": None}, "9" * 40, ["x", 1], {"": []}]
)


def _routes(value: Any, route: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, item in inner for each in ((*route, key), *_routes(item, (*route, key)))]


def _with(objects: list[dict[str, Any]], route: tuple[str | int, ...], value: Any) -> list[dict[str, Any]]:
    changed: Any = copy.deepcopy(objects)
    holder = changed
    for step in route[:-1]:
        holder = holder[step]
    holder[route[-1]] = value
    return list(changed)


def _read(objects: list[Any], file: Path) -> Objects:
    file.write_text("---\n".join(map(json.dumps, objects)).replace("}---", "}\n---"), encoding="utf-8")
    return read_objects(str(file), None)


def _review(before: Objects, after: Objects, terms: Terms | None = None) -> Review:
    return review_streams(before, after, terms or Terms(), today=TODAY)


ROUTES = _routes(OBJECTS)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(ROUTES), JUNK), min_size=1, max_size=3))
def test_anything_anywhere_is_reviewed(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    folder = Path(tempfile.mkdtemp())
    terms = read_terms(str(_gitops(folder)))
    before, objects = _read(OBJECTS, folder / "a.yaml"), OBJECTS
    for route, value in changes:
        try:
            objects = _with(objects, route, value)
        except (KeyError, IndexError, TypeError):
            continue
    try:
        after = _read(objects, folder / "b.yaml")
    except FoundError:
        return
    for sides in ((before, after), (after, before)):
        review = _review(*sides, terms)
        for format in REVIEW_FORMATS:
            assert render_review(review, format, colour=False)


def _gitops(folder: Path) -> Path:
    file = folder / "gitops.yaml"
    capacity = "{pool: h100, count: 4, perNode: 8, nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}}"
    file.write_text(f"gitops: {{capacity: [{capacity}], loadTimes: {{a: 5m}}}}\n", encoding="utf-8")
    return file


def test_no_secret_is_shown(tmp_path: Path) -> None:
    token = "hf_" + "aB3dE6gH9k" * 4
    env = [{"name": "HF_TOKEN", "value": token}]
    route = (0, "spec", "template", "spec", "containers", 0, "env")
    secret = _with(OBJECTS, (7, "stringData"), {"a": token})
    after = _with(_with(secret, route, env), (0, "spec", "template", "spec", "containers", 0, "command", 2),
                  f"vllm serve Qwen/Qwen3-8B --api-key {token} --seed {token}")  # fmt: skip
    review = _review(_read(OBJECTS, tmp_path / "a.yaml"), _read(after, tmp_path / "b.yaml"))
    for format in REVIEW_FORMATS:
        assert token not in render_review(review, format, colour=False), format


def test_a_pool_that_others_may_take_from_is_not_judged(tmp_path: Path) -> None:
    terms = read_terms(str(_gitops(tmp_path)))
    deployment, kserve = OBJECTS[0], OBJECTS[6]
    other = _with([deployment], (0, "spec", "template", "metadata", "labels", "x"), "y")
    alone = _review(_read([deployment], tmp_path / "a"), _read(other, tmp_path / "b"), terms)
    beside = _review(_read([deployment, kserve], tmp_path / "a"), _read([*other, kserve], tmp_path / "b"), terms)
    assert [row.deadlock for row in alone.environments["stream"].gpus] == [False]
    assert [row.deadlock for row in beside.environments["stream"].gpus] == [None]
    assert [each.id for each in beside.environments["stream"].findings].count("cannot-judge") == 1


def test_a_kind_of_another_group_has_fields_of_its_own(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"selector": {"app": "a"}, "targetPortNumber": 8000, "extensionRef": {"name": "epp"}}
    pool = {"kind": "InferencePool", "metadata": {"name": "a"}, "spec": spec}
    old, new = (
        _read([{"apiVersion": f"inference.networking.{group}", **pool}], tmp_path / f"{number}.yaml")
        for number, group in enumerate(("x-k8s.io/v1alpha2", "k8s.io/v1"))
    )
    assert [finding.id for finding in old.findings] == []
    assert {finding.id for finding in new.findings} == {"invalid-object"}


@pytest.mark.parametrize(("field", "value"), [("replicas", "3"), ("replica", 3), ("minReadySeconds", 1 << 31)])
def test_what_the_api_server_cannot_read_is_refused_and_changes_no_pod(field: str, value: Any, tmp_path: Path) -> None:
    before = OBJECTS[:1]
    after = _with(before, (0, "spec", field), value)
    after[0]["spec"]["template"]["metadata"]["annotations"] = {"a": "b"}
    review = _review(_read(before, tmp_path / "a"), _read(after, tmp_path / "b")).environments["stream"]
    assert [(risk.id, risk.object) for risk in review.risks] == [("refused", "Deployment/a")]
    assert review.rollouts == ()


def test_a_field_too_many_alone_is_a_change_that_is_refused(tmp_path: Path) -> None:
    after = _with(OBJECTS, (0, "spec", "replica"), 3)
    sides = _read(OBJECTS, tmp_path / "a"), _read(after, tmp_path / "b")
    for before, refused in ((sides[0], ["refused"]), (sides[1], [])):
        found = _review(before, sides[1]).environments["stream"]
        assert [risk.id for risk in found.risks] == refused
        assert "invalid-object" in {each.id for each in found.findings}


def test_definitions_of_custom_resources_may_be_others(tmp_path: Path) -> None:
    after = _with(OBJECTS, (3, "spec", "fields"), 3)
    found = _review(_read(OBJECTS, tmp_path / "a"), _read(after, tmp_path / "b")).environments["stream"]
    assert found.risks == ()


def test_a_model_that_moves_is_out_once(tmp_path: Path) -> None:
    engine = {"name": "vllm", "image": "vllm/vllm-openai:v0.19.1", "command": ["vllm", "serve", "Qwen/Qwen3-8B"]}
    before = _with(OBJECTS[:1], (0, "spec", "template", "spec"), {"containers": [engine]})
    after = _with(before, (0, "metadata", "namespace"), "other")
    found = _review(_read(before, tmp_path / "a"), _read(after, tmp_path / "b")).environments["stream"]
    assert [risk.object for risk in found.risks if risk.id == "outage"] == ["Deployment/a"]


def test_roles_of_one_object_are_told_apart(tmp_path: Path) -> None:
    def stream(tag: str) -> Objects:
        pod = {"containers": [{"name": "vllm", "image": f"vllm/vllm-openai:{tag}", "command": ["vllm", "serve", "m"]}]}
        roles = [{"name": name, "spec": {"template": {"spec": pod}}} for name in ("prefill", "decode")]
        kind = {"apiVersion": "disaggregatedset.x-k8s.io/v1", "kind": "DisaggregatedSet", "metadata": {"name": "a"}}
        return _read([{**kind, "spec": {"roles": roles}}], tmp_path / f"{tag}.yaml")

    review = _review(stream("v0.15.1"), stream("v0.20.2"))
    assert {engine.model for engine in review.environments["stream"].engines} == {"a/prefill", "a/decode"}
    text = render_review(review, "text")
    assert "whether pods restart cannot be judged" in text
    assert "spec.roles[decode].spec.template.spec.containers[vllm].image" in text


def test_a_role_of_groups_of_one_is_an_engine_of_its_own(tmp_path: Path) -> None:
    """A DisaggregatedSet's roles are LeaderWorkerSets: of a group of several pods one is not all of the engine."""
    kind = {"apiVersion": "disaggregatedset.x-k8s.io/v1", "kind": "DisaggregatedSet", "metadata": {"name": "a"}}
    pod = {
        "containers": [
            {
                "name": "vllm",
                "image": "vllm/vllm-openai:v0.20.2",
                "command": ["vllm", "serve", "m", "--tensor-parallel-size=8"],
                "resources": {"limits": {"nvidia.com/gpu": "4"}},
            }
        ]
    }
    groups = {"decode": 1, "prefill": 2}
    roles = [
        {"name": name, "spec": {"leaderWorkerTemplate": {"size": size, "workerTemplate": {"spec": pod}}}}
        for name, size in groups.items()
    ]
    objects = [{**kind, "spec": {"roles": roles}}]
    before, after = _read([OBJECTS[0]], tmp_path / "a.yaml"), _read(objects, tmp_path / "b.yaml")
    review = _review(before, after).environments["stream"]
    found = [each for each in review.findings if each.id == "parallel-size-gpus"]
    assert [each.message.partition(": ")[2] for each in found] == ["its parallel sizes need 8 GPUs; the pod has 4"]
    gone = [risk for risk in review.risks if risk.id == "removal"]
    assert [(str(risk.severity), risk.object) for risk in gone] == [("warning", "Deployment/a")]
    assert "nothing that can be judged takes its place" in gone[0].message


def test_a_rename_is_no_removal(tmp_path: Path) -> None:
    renamed = _with([OBJECTS[0]], (0, "metadata", "name"), "b")
    review = _review(_read([OBJECTS[0]], tmp_path / "a"), _read(renamed, tmp_path / "b")).environments["stream"]
    assert review.removed == ()
    gone = _review(_read(OBJECTS[:2], tmp_path / "a"), _read(OBJECTS[1:2], tmp_path / "b")).environments["stream"]
    assert [(each.name, each.model, each.replicas, each.gpus) for each in gone.removed] == [("a", "a", 2, 2)]


def test_load_times_are_by_workload(tmp_path: Path) -> None:
    terms = read_terms(str(_gitops(tmp_path)))
    more = _with([OBJECTS[0]], (0, "spec", "replicas"), 3)
    (rollout,) = (
        _review(_read([OBJECTS[0]], tmp_path / "a"), _read(more, tmp_path / "b"), terms).environments["stream"].rollouts
    )
    assert (rollout.seconds, rollout.model) == (300, "a")


def test_json_of_kubectl_is_the_same_as_yaml(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": OBJECTS}
    (tmp_path / "l.json").write_text(json.dumps(listed, indent=4), encoding="utf-8")
    (tmp_path / "l.yaml").write_text(yamlio.dump(listed), encoding="utf-8")
    sides = [read_objects(str(tmp_path / name), None) for name in ("l.json", "l.yaml")]
    assert [item.object for item in sides[0].items] == [item.object for item in sides[1].items]
    assert _review(*sides).environments["stream"].objects == ()


def test_facts_of_the_repository_count(tmp_path: Path) -> None:
    name = "example/none-knows-it"
    command = (0, "spec", "template", "spec", "containers", 0, "command", 2)
    sides = [
        _read(_with([OBJECTS[0]], command, f"vllm serve {name} --max-model-len {length}"), tmp_path / str(length))
        for length in (4096, 8192)
    ]
    facts = {
        "model": name, "architecture": "LlamaForCausalLM", "context": 4096,
        "sizes": {"vocabulary": 32000, "hidden": 4096, "layers": 32, "heads": 32, "kvHeads": 8, "headDim": 128},
    }  # fmt: skip
    (tmp_path / "facts/models").mkdir(parents=True)
    (tmp_path / "facts/models/example--none-knows-it.yaml").write_text(yamlio.dump(facts), encoding="utf-8")
    review = review_streams(*sides, Terms(), today=TODAY, beside=Disk(tmp_path))
    assert "length-over-model" in [finding.id for finding in review.environments["stream"].findings]
