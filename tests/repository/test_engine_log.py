"""`learn log`: facts of an engine from its log, and what `fit` and `diff` make of them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from llmstack.engine.start_log import LINE
from llmstack.repository.engine_log import LEAST, MOST_BYTES, bounded_lines
from tests.engine.test_start_log import V1_0_12, V1_0_20
from tests.sync.repository import POOL, Repository, environment, model, new_repository

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
FACTS = "facts/engines/prod--llama.yaml"
LOG = V1_0_20.replace("400,800", "405,000").strip() + "\n"


def values(*arguments: str, tag: str = "v0.20.2", gpu: str = "H100-80GB", **more: Any) -> dict[str, Any]:
    one = model(modelURL=MODEL, tag=tag, vllmConfig={"extraArgs": [*arguments]}, **more)
    return environment(one, capacity=[{**POOL, "gpu": gpu}])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = new_repository(tmp_path / "repository", prod=values("--max-model-len=32k"))
    repository.file("start.log", LOG)
    return repository


def learn(repository: Repository, *options: str, codes: tuple[int, ...] = (0,)) -> str:
    return repository.llmstack("learn", "log", "prod", "llama", "start.log", *options, codes=codes)


def fitted(repository: Repository) -> dict[str, Any]:
    [engine] = json.loads(repository.llmstack("fit", "--format", "json", codes=(0, 1)))["engines"]
    assert isinstance(engine, dict)
    return engine


def test_a_log_becomes_facts_without_a_line_of_it(repository: Repository) -> None:
    repository.file("start.log", f"INFO args: {{'api_key': 'sk-verysecretvalue'}}\n{LOG}")
    assert learn(repository, "--at", "2026-11-21") == f"{FACTS}: written\n"
    assert learn(repository, "--at", "2026-11-21") == f"{FACTS}: is what it was\n"
    text = (repository.root / FACTS).read_text()
    lines = [line for line in text.splitlines() if not line.startswith("arguments: sha256:")]
    assert lines == [
        "# Learned by llmstack; `llmstack learn log prod llama FILE` writes it again.",
        "image: vllm/vllm-openai:v0.20.2",
        'date: "2026-11-21"',
        "gpu: H100-80GB",
        "memory:",
        "  graphs: 0.79",
        "  kv: 48.93",
        "  weights: 14.99",
        "seconds:",
        "  compile: 26",
        "  graphs: 13",
        "  load: 7",
        "tokens: 405000",
    ]


def test_what_was_measured_comes_before_what_is_computed(repository: Repository) -> None:
    computed = fitted(repository)
    assert computed["basis"] == "assumed"
    learn(repository, "--at", "2026-11-21")
    engine = fitted(repository)
    assert (engine["basis"], engine["verdict"]) == ("measured", "starts")
    assert (engine["kv"]["to"]["low"], engine["kv"]["to"]["high"], engine["kv"]["to"]["tokens"]) == (
        48.93,
        48.93,
        405000,
    )
    terms = engine["terms"]
    assert (terms["weights"], terms["graphs"], terms["kv"]) == (14.99, 0.79, 48.93)
    parts = ("weights", "activation", "nonTorch", "graphs", "kv")
    assert sum(terms[part] for part in parts) == pytest.approx(terms["budget"])
    assert engine["why"] == "measured: it started with 48.93 GiB of KV cache on 2026-11-21"
    assert "measured" not in repository.llmstack("fit", "prod", "llama", "--max-model-len", "8192")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (values("--max-model-len=32k", tag="v0.20.1"), "another image"),
        (values("--max-model-len=32k", gpu="A100-80GB"), "another GPU"),
        (values("--max-model-len=16k"), "other arguments"),
        (values("--max-model-len=32k", "--enable-lora"), "other arguments"),
        (values("--max-model-len=32k", env=[{"name": "VLLM_ATTENTION_BACKEND", "value": "X"}]), "other arguments"),
    ],
)
def test_facts_of_another_engine_are_said_and_not_used(
    repository: Repository, changed: dict[str, Any], said: str
) -> None:
    learn(repository, "--at", "2026-11-21")
    repository.values(prod=changed)
    engine = fitted(repository)
    assert engine["basis"] != "measured"
    assert f"what was measured on 2026-11-21 is of {said}: not used" in engine["why"]


def test_flags_that_leave_memory_alone_and_their_spelling_do_not_matter(repository: Repository) -> None:
    learn(repository, "--at", "2026-11-21")
    repository.values(prod=values("--max-model-len", "32000", "--enable-prefix-caching", "--seed=7"))
    assert fitted(repository)["basis"] == "measured"


def test_a_review_shows_the_measured_cache_of_the_engine_before(repository: Repository) -> None:
    learn(repository, "--at", "2026-11-21")
    repository.commit()
    repository.values(prod=values("--max-model-len=16k"))
    [engine] = repository.review()["envs"]["prod"]["engines"]
    assert engine["kv"]["from"]["low"] == engine["kv"]["from"]["high"] == 48.93
    assert engine["kv"]["to"]["low"] < engine["kv"]["to"]["high"]
    assert "not used" in engine["why"]


def test_facts_that_are_learned_change_no_engine(repository: Repository) -> None:
    learn(repository, "--at", "2026-11-21")
    assert repository.review()["envs"] == {}


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("INFO nothing\n", "no line of vLLM's start says how large its KV cache is"),
        (LOG.rpartition("(EngineCore")[0], "the log ends before the engine serves"),
        ("ERROR EngineCore failed to start.\n", "the last start in the log failed"),
        (V1_0_12, "the log is of vLLM 0.12.0; the values have 0.20.2"),
        (V1_0_12, f"the log is of `org/big`; the values have `{MODEL}`"),
        (V1_0_12, "the log is of --max-model-len 100000; the values have 32000"),
        (f"{LOG}INFO Free memory on device (44.0/44.39 GiB) on startup.\n", "a H100-80GB has 79.19"),
    ],
)
def test_a_log_of_no_start_or_of_another_engine_is_refused(repository: Repository, log: str, said: str) -> None:
    repository.file("start.log", log)
    done = repository.run("sh", "-c", 'exec "$0" -m llmstack.cli learn log prod llama start.log --at 2026-11-21 2>&1',
                          __import__("sys").executable, codes=(1,))  # fmt: skip
    assert said in done
    assert "error[bad-log]" in done
    assert not (repository.root / FACTS).exists()


def test_the_day_has_to_be_known(repository: Repository) -> None:
    learn(repository, codes=(2,))
    learn(repository, "--at", "yesterday", codes=(2,))
    repository.file("start.log", "".join(f"2026-11-20T10:00:00Z {line}\n" for line in LOG.splitlines()))
    learn(repository)
    assert 'date: "2026-11-20"' in (repository.root / FACTS).read_text()


def test_metrics_alone_say_the_tokens(repository: Repository) -> None:
    repository.file("start.log", 'vllm:cache_config_info{block_size="16",num_gpu_blocks="25312"} 1.0\n')
    learn(repository, "--at", "2026-11-21")
    engine = fitted(repository)
    assert (engine["basis"], engine["kv"]["to"]["tokens"]) == ("measured", 404992)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a", 1),
        ("date: x", 1),
        ("image: [", 2),
        ("date: 2026-01-01\nimage: a\ngpu: b\narguments: c", 4),
        ("date: 2026-01-01\nfoo: 1", 2),
    ],
)
def test_a_broken_file_is_a_finding_at_its_line(repository: Repository, text: str, line: int) -> None:
    repository.file(FACTS, text)
    findings = json.loads(repository.llmstack("lint", "--format", "json", codes=(1,)))["findings"]
    assert [each["line"] for each in findings if each["id"] == "bad-facts"] == [line]


@pytest.mark.parametrize("line", [b"a\n", b"x" * (1 << 20), b"2026-11-21T10:12:33Z INFO GPU KV cache usage: 0.0%\n"])
def test_no_more_of_a_log_is_read_than_a_start_takes(line: bytes) -> None:
    endless = BytesIO(line * ((2 * MOST_BYTES) // len(line)))
    lines = list(bounded_lines(endless))
    assert len(lines) <= MOST_BYTES // LEAST
    assert max(map(len, lines)) <= LINE
    assert endless.tell() <= MOST_BYTES + LINE
