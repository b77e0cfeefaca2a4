"""From values to engines: which facts, card, release and flags a model has, and what is said where one is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.engine.cards import CARDS
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import FOLDER, file_name, write_facts
from llmstack.engine.learned import learn
from llmstack.engine.settings import read_flags, read_settings
from llmstack.fit.answer import Answer, Change
from llmstack.fit.question import Question, ask, read_given
from llmstack.flags import newest
from llmstack.model.reading import read_stack
from llmstack.repository.environments import list_environments
from llmstack.repository.fitted import answer_engines
from llmstack.repository.read import check, read_environments
from llmstack.repository.snapshot import Disk
from llmstack.values.source import read_source
from tests.engine.test_models import LLAMA

LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct"


def values(*, capacity: list[dict[str, Any]] | None = None, **model: Any) -> dict[str, Any]:
    entry = {"name": "llama", "repository": "vllm/vllm-openai", "tag": "v0.19.1", "modelURL": LLAMA_8B, "requestGPU": 1}
    pools = capacity if capacity is not None else [{"pool": "a", "count": 8, "gpu": "H100-80GB"}]
    return {"servingEngineSpec": {"modelSpec": [entry | model]}, "gitops": {"capacity": pools}}


def question(known: dict[str, ModelFacts] | None = None, **given: Any) -> Question:
    text = yamlio.dump(values(**given))
    _, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert stack is not None, findings
    return ask(stack, stack.models[0], known or {})


@pytest.mark.parametrize(
    ("pool", "card"),
    [
        ({"gpu": "H100-80GB"}, "H100-80GB"),
        ({"gpu": "h100-80gb"}, "H100-80GB"),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}}, "L4"),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}, "gpu": "L40S"}, "L40S"),
        ({"memory": "47.4Gi"}, "47.4 GiB"),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED"}}, "L4 shared"),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-3g.40gb"}}, "H100-80GB MIG 3g.40gb"),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-NEW"}}, None),
        ({}, None),
    ],
)
def test_a_card_is_that_of_the_pool(pool: dict[str, Any], card: str | None) -> None:
    found = question(capacity=[{"pool": "a", "count": 8} | pool]).card
    assert (found.name if found else None) == card


def test_a_card_is_that_of_the_models_own_selector() -> None:
    selector = {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert question(capacity=[], nodeSelector=selector).card is not None
    two = [{"pool": "a", "count": 1, "gpu": "L4"}, {"pool": "b", "count": 1, "gpu": "H200"}]
    assert question(capacity=two).card is None
    named = question(capacity=two, gitops={"pool": "b"}).card
    assert named is not None
    assert named.name == "H200"


def test_memory_that_is_stated_counts_more_than_the_table() -> None:
    found = question(capacity=[{"pool": "a", "count": 8, "gpu": "H100-80GB", "memory": "70Gi"}]).card
    assert found is not None
    assert found.memory == 70


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"modelURL": "/data/own"}, "`/data/own` is no name on a hub"),
        ({"modelURL": "acme/own"}, "there are no facts of acme/own (`llmstack learn model acme/own`)"),
        ({"tag": "latest"}, "release is not known"),
        ({"capacity": []}, "which GPU"),
        ({"requestGPUMem": "4000"}, "a share of a GPU"),
    ],
)
def test_what_is_not_known_is_said(given: dict[str, Any], reason: str) -> None:
    found = question(**given)
    assert found.engine is None
    assert reason in "; ".join(found.missing)


@pytest.mark.parametrize(
    ("given", "unread"),
    [
        ({"enableLoRA": True}, ("--enable-lora",)),
        ({"extraArgs": ["--swap-space", "4", "--no-enable-prefix-caching"]}, ()),
        ({"extraArgs": ["--cpu-offload-gb", "4"]}, ("--cpu-offload-gb",)),
        ({"extraArgs": ["--tensor_parallel_size=$(TP)"]}, ("--tensor-parallel-size",)),
        ({"extraArgs": ["--no-enable-chunked-prefill"]}, ("--no-enable-chunked-prefill",)),
        ({"extraArgs": ["--compilation-config", '{"level": 3}']}, ("--compilation-config",)),
        ({"env": [{"name": "VLLM_LOGGING_LEVEL", "value": "DEBUG"}]}, ()),
        ({"env": [{"name": "VLLM_USE_V2_MODEL_RUNNER", "value": "1"}]}, ("VLLM_USE_V2_MODEL_RUNNER",)),
        ({"lmcacheConfig": {"enabled": True, "cpuOffloadingBufferSize": "20"}}, ("--kv-transfer-config",)),
        ({"extraArgs": ["--no-such-flag"]}, ("--no-such-flag",)),
    ],
)
def test_flags_that_nobody_computes_are_named(given: dict[str, Any], unread: tuple[str, ...]) -> None:
    assert question(**given).settings.unread == unread


def test_the_last_flag_counts() -> None:
    found = question(extraArgs=["--max-model-len", "16k", "--enforce-eager", "-tp=2"], vllmConfig={"maxModelLen": 4096})
    assert (found.settings.length, found.settings.eager, found.settings.tensor) == (16000, True, 2)


@pytest.mark.parametrize(
    "words",
    [
        "m --max-model-len 4096 --max-num-seqs 8",
        "m --max-model-len 16k --max-model-len=8K",
        "m --max-model-len=8K --max-model-len 4096",
        "m --max-model-len auto",
        "m --max-model-len --enforce-eager",
        "m --enforce-eager --max-model-len",
        "m --max-model-len 0",
        "m --max-model-len 4096 --max_model_len $(LENGTH)",
    ],
)
def test_arguments_that_differ_in_their_length_alone_are_read_as_they_are(words: str) -> None:
    given, catalogue = tuple(words.split()), newest()
    assert read_given(given, catalogue, ()) == (read_settings(given, catalogue), read_flags(given, catalogue))


def test_facts_of_the_repository_count_more_than_the_catalogue() -> None:
    own = learn(LLAMA_8B, None, b'{"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 7}')
    known = {f"models/{file_name(LLAMA_8B)}": own, "models/x.yaml": own}
    assert question().facts != own
    assert question(known).facts == own
    assert question(known, modelURL="/data/x", gitops={"facts": "models/x.yaml"}).facts == own
    assert question(known, modelURL="/data/x", gitops={"facts": "facts/models/x.yaml"}).facts == own


@pytest.fixture
def project(tmp_path: Path) -> Disk:
    (tmp_path / "values").mkdir()
    (tmp_path / "values/prod.yaml").write_text(yamlio.dump(values(vllmConfig={"maxModelLen": 8192})))
    return Disk(tmp_path)


def answers(project: Disk, change: Change | None = None) -> list[Answer]:
    findings, found = answer_engines(project, list_environments(project), None, change or Change())
    assert not findings
    return [answer for _, answer in found]


def test_an_environment_is_answered_from_its_files(project: Disk) -> None:
    (answer,) = answers(project)
    assert answer.start.verdict == "starts"
    assert answer.question.version == "0.19.1"
    folder = project.root / FOLDER
    folder.mkdir(parents=True)
    tiny = learn(LLAMA_8B, None, json.dumps(LLAMA | {"num_hidden_layers": 2}).encode())
    (folder / file_name(LLAMA_8B)).write_text(write_facts(tiny))
    (smaller,) = answers(project)
    assert smaller.start.terms is not None
    assert answer.start.terms is not None
    assert smaller.start.terms.weights < answer.start.terms.weights


def test_facts_that_cannot_be_read_are_a_finding_once(project: Disk) -> None:
    folder = project.root / FOLDER
    folder.mkdir(parents=True)
    (folder / file_name(LLAMA_8B)).write_text("model: a/b\nsizes: {layers: many}\n")
    (project.root / "values/dev.yaml").write_text((project.root / "values/prod.yaml").read_text())
    found = [
        finding
        for finding in check(read_environments(project, list_environments(project)))
        if finding.id == "bad-facts"
    ]
    assert len(found) == 1
    assert str(found[0].place) == f"{FOLDER}/{file_name(LLAMA_8B)}:2:1"


def test_facts_outside_the_folder_are_not_read(project: Disk) -> None:
    (project.root / "secret.yaml").write_text("model: a/b\n")
    (project.root / "values/prod.yaml").write_text(yamlio.dump(values(gitops={"facts": "../secret.yaml"})))
    (answer,) = answers(project)
    assert answer.start.verdict == "unknown"


def test_what_if_changes_one_thing(project: Disk) -> None:
    (now,), (longer,), (small,) = (
        answers(project),
        answers(project, Change(length=131072)),
        answers(project, Change(card=CARDS["V100-16GB"])),
    )
    assert now.start.cache is not None
    assert longer.start.cache is not None
    assert (longer.start.cache.requests or 0) < (now.start.cache.requests or 0)
    assert small.start.verdict == "does-not-start"


def test_what_is_refused_whatever_the_memory_does_not_start(project: Disk) -> None:
    (long,), (uneven,) = answers(project, Change(length=131073)), answers(project, Change(tensor=3))
    assert (long.start.verdict, long.start.terms) == ("does-not-start", None)
    assert "is over the model's 131072: at most 131072" in long.start.why
    assert uneven.start.verdict == "does-not-start"
    assert "does not divide the 32 attention heads" in uneven.start.why


def test_proposals_start_and_a_block_more_may_not(project: Disk) -> None:
    (answer,) = answers(project, Change(card=CARDS["L4"]))
    assert answer.length is not None
    (proposed,) = answers(project, Change(length=answer.length, card=answer.question.card))
    (more,) = answers(project, Change(length=answer.length + 256, card=answer.question.card))
    assert proposed.start.verdict == "starts"
    assert more.start.verdict != "starts"


def test_no_length_is_proposed_where_nothing_says_how_long_a_request_the_model_takes(project: Disk) -> None:
    folder = project.root / FOLDER
    folder.mkdir(parents=True)
    config = {key: value for key, value in LLAMA.items() if key != "max_position_embeddings"}
    (folder / file_name(LLAMA_8B)).write_text(write_facts(learn(LLAMA_8B, None, json.dumps(config).encode())))
    (project.root / "values/prod.yaml").write_text(yamlio.dump(values()))
    (answer,) = answers(project)
    assert answer.start.why == "neither flags nor facts say the longest request"
    assert answer.length is None


def test_no_size_is_proposed_into_which_the_model_cannot_be_cut(project: Disk) -> None:
    folder = project.root / FOLDER
    folder.mkdir(parents=True)
    blocks = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    for rows, least in ((112, 2), (115, None)):
        large = {"num_hidden_layers": 96, "intermediate_size": 128 * rows, "quantization_config": blocks}
        (folder / file_name(LLAMA_8B)).write_text(
            write_facts(learn(LLAMA_8B, None, json.dumps(LLAMA | large).encode()))
        )
        (answer,) = answers(project, Change(card=CARDS["L4"]))
        assert answer.start.verdict == "does-not-start"
        assert answer.least == least
