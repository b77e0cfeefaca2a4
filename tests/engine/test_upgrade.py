"""What another release changes: from the catalogues of flags, and from the curated table."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from llmstack.engine.behaviour import BEHAVIOUR
from llmstack.engine.registry import Table
from llmstack.engine.upgrade import NAMES, ONLY_WITH, Item, compare_releases
from llmstack.flags.catalogue import Flag, load_catalogue, versions


def items(before: str, after: str, used: set[str] | None = None, architecture: str = "") -> list[Item]:
    return list(compare_releases(load_catalogue(before), load_catalogue(after), used, architecture))


def test_the_bump_that_takes_a_quarter_of_the_concurrency() -> None:
    found = items("0.17.1", "0.20.2", set())
    by_flag = {item.flag: item for item in found if item.kind == "default"}
    assert (by_flag["--gpu-memory-utilization"].before, by_flag["--gpu-memory-utilization"].after) == ("0.9", "0.92")
    texts = " ".join(item.text for item in found)
    assert "CUDA graphs will take is left out of the KV cache" in texts
    assert "--shutdown-timeout (0 by default)" in texts
    assert not [item for item in found if item.kind == "removed"], "it uses no flag that goes"


def test_what_is_set_does_not_move() -> None:
    found = items("0.17.1", "0.20.2", {"--gpu-memory-utilization", "--shutdown-timeout"})
    assert not [item for item in found if item.flag in ("--gpu-memory-utilization", "--shutdown-timeout")]


def test_the_default_of_a_flag_that_means_nothing_without_another_is_told_beside_that_one() -> None:
    def moved(*used: str) -> set[str]:
        return {item.flag for item in items("0.11.2", "0.15.1", set(used)) if item.kind == "default"}

    assert "--async-scheduling" in moved()
    assert not moved() & {"--api-server-count", "--kv-offloading-backend"}
    assert "--kv-offloading-backend" in moved("--kv-offloading-size")
    assert "--api-server-count" in moved("--data-parallel-size")
    assert {"--kv-offloading-backend", "--api-server-count"} <= {item.flag for item in items("0.11.2", "0.15.1")}


def test_flags_that_others_rest_on_are_flags_of_vllm() -> None:
    names = {name for version in versions() for name in load_catalogue(version).flags}
    assert set(ONLY_WITH.values()) <= names
    assert all(any(name.startswith(beginning) for name in names) for beginning in ONLY_WITH)


def test_a_flag_in_use_that_goes_breaks() -> None:
    (item,) = [item for item in items("0.15.1", "0.20.2", {"--swap-space"}) if item.kind == "removed"]
    assert item.flag == "--swap-space"
    assert item.breaks


def test_keys_that_a_flag_refuses_are_told_where_the_flag_is_in_use() -> None:
    old, new = load_catalogue("0.16.0"), load_catalogue("0.20.2")
    text = "--structured-outputs-config refuses `disable_fallback`, which it took."
    assert text in [item.text for item in compare_releases(old, new, {"--structured-outputs-config"})]
    assert text in [item.text for item in compare_releases(old, new, None)]
    assert text not in [item.text for item in compare_releases(old, new, {"--max-model-len"})]
    assert text not in [item.text for item in compare_releases(new, old, None)]


def test_without_an_engine_everything_is_listed_and_nothing_breaks_for_certain() -> None:
    removed = [item for item in items("0.15.1", "0.20.2") if item.kind == "removed"]
    assert {"--swap-space", "--disable-log-requests"} <= {item.flag for item in removed}
    assert not [item for item in removed if item.breaks]
    (log,) = [item for item in removed if item.flag == "--disable-log-requests"]
    assert "--enable-log-requests takes its place" in log.text


DRAFTS = {"--speculative-model", "--num-speculative-tokens"}


@pytest.mark.parametrize(
    ("before", "after", "gone", "moved", "felt"),
    [
        ("0.6.6.post1", "0.7.3", {"--worker-use-ray", "--quantization-param-path"}, set(), []),
        (
            *("0.7.3", "0.8.5.post1", DRAFTS),
            *({"--generation-config", "--guided-decoding-backend", "--seed"}, ["V1 engine serves", "V1 engine has no"]),
        ),
        ("0.8.5.post1", "0.9.2", set(), set(), ["A100"]),
        (
            *("0.9.2", "0.10.2", {"--num-scheduler-steps", "--device", "--enable-reasoning"}),
            *({"--cuda-graph-sizes", "--disable-log-requests", "--prefix-caching-hash-algo"}, []),
        ),
        (
            *("0.6.6.post1", "0.10.2", {"--worker-use-ray", "--num-scheduler-steps", "--device", *DRAFTS}),
            {"--disable-log-requests", "--generation-config", "--guided-decoding-backend"},
            ["V1 engine serves", "V1 engine has no", "A100"],
        ),
        (
            *("0.9.2", "0.11.2", {"--preemption-mode", "--num-scheduler-steps", "--device", "--enable-reasoning"}),
            {"--prefix-caching-hash-algo", "--disable-log-requests"},
            ["V0 engine is gone", "/health", "CUDA graphs"],
        ),
        ("0.10.2", "0.9.2", {"--runner", "--convert"}, {"--prefix-caching-hash-algo", "--cuda-graph-sizes"}, []),
    ],
)
def test_releases_before_0_11(before: str, after: str, gone: set[str], moved: set[str], felt: list[str]) -> None:
    """Against the sources of these releases: flags by `add_argument`, defaults of EngineArgs."""
    used = {"--max-model-len", *gone}
    found = items(before, after, used)
    assert {item.flag for item in found if item.kind == "removed" and item.breaks} == gone
    defaults = {item.flag for item in found if item.kind == "default"}
    assert moved <= defaults
    assert not defaults & {"--model", "--enable-lora", "--rope-scaling", "--hf-overrides", "--num-redundant-experts"}
    texts = [item.text for item in found if item.kind == "behaviour" and not item.flag.startswith("--spec")]
    assert [any(word in text for text in texts) for word in felt] == [True] * len(felt)
    assert len(texts) == len(felt)


@pytest.mark.parametrize(
    ("before", "after", "flag", "told"),
    [
        ("0.9.2", "0.10.2", "--task", False),
        ("0.10.2", "0.14.1", "--logprobs-mode", False),
        ("0.11.2", "0.12.0", "--seed", False),
        ("0.10.2", "0.11.2", "--seed", False),
        ("0.8.5.post1", "0.9.2", "--seed", True),
        ("0.7.3", "0.8.5.post1", "--seed", True),
        ("0.12.0", "0.16.0", "--all2all-backend", False),
        ("0.29.0", "0.33.0", "--mamba-cache-mode", False),
        ("0.29.0", "0.33.0", "--disable-cascade-attn", False),
        ("0.17.1", "0.20.2", "--disable-cascade-attn", True),
        ("0.29.0", "0.33.0", "--mm-hasher-algorithm", False),
        ("0.17.1", "0.20.2", "--safetensors-load-strategy", True),
    ],
)
def test_what_the_engine_took_by_itself_has_not_moved(before: str, after: str, flag: str, told: bool) -> None:
    """Against vllm/config/ and vllm/envs.py of both releases."""
    assert (flag in {item.flag for item in items(before, after) if item.kind == "default"}) is told


def test_a_default_moves_to_another_one() -> None:
    """What the engine takes by itself is what it says, not that the parser leaves it to the engine."""
    order = versions()
    for before, after in ((each, other) for each in order for other in order):
        for item in items(before, after):
            assert item.kind != "default" or item.before != item.after, (before, after, item.text)
    (seed,) = (item for item in items("0.9.2", "0.8.5.post1") if item.flag == "--seed")
    assert seed.text == "--seed is left to the engine by default; it was 0."


def test_drafts_are_said_in_json_since() -> None:
    (item,) = [item for item in items("0.7.3", "0.8.5.post1", {"--speculative-model"}) if item.kind == "removed"]
    assert item.text == "--speculative-model is gone: --speculative-config takes its place."


@pytest.mark.parametrize(
    ("old", "new", "told"), [(None, {}, False), ("", None, False), ([512], [], True), (0, None, True)]
)
def test_a_default_that_says_nothing_as_before_has_not_moved(old: object, new: object, told: bool) -> None:
    before = load_catalogue("0.9.2")
    with_default = [replace(before, flags={"--own": Flag("--own", "str", default=each)}) for each in (old, new)]
    found = compare_releases(with_default[0], replace(with_default[1], version="0.9.3"), None)
    assert [item.flag for item in found if item.kind == "default"] == (["--own"] if told else [])


def test_deprecation_is_said_once() -> None:
    assert [item.flag for item in items("0.15.1", "0.20.2") if item.kind == "deprecated"] == ["--calculate-kv-scales"]
    assert not [
        item for item in items("0.20.2", "0.21.0") if item.flag == "--calculate-kv-scales" and item.kind == "deprecated"
    ]


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        ("0.22.1", "0.23.0", "0.23"),
        ("0.11.2", "0.31.0", "0.23"),
        ("0.23.0", "0.31.0", None),
        ("0.11.2", "0.22.1", None),
    ],
)
def test_the_model_runner_changes_once(before: str, after: str, since: str | None) -> None:
    found = [item.since for item in items(before, after, set(), "LlamaForCausalLM") if " serves " in item.text]
    assert found == ([since] if since else [])


def test_the_way_back_says_what_no_longer_holds() -> None:
    found = [item for item in items("0.20.2", "0.17.1", set()) if item.kind == "behaviour"]
    assert found
    assert all(item.text.startswith("No longer so: ") for item in found)


@pytest.mark.parametrize("version", versions())
def test_the_same_release_changes_nothing(version: str) -> None:
    assert not items(version, version)


def test_what_concerns_a_flag_is_told_beside_it_alone() -> None:
    beside, without = (items("0.29.0", "0.30.0", flags) for flags in ({"--hf-overrides"}, {"--max-model-len"}))
    assert [item.since for item in beside if "YaRN" in item.text] == ["0.30"]
    assert not [item for item in without if "YaRN" in item.text]
    beside, without = (
        items("0.17.1", "0.18.1", {flag}) for flag in ("--distributed-executor-backend", "--max-model-len")
    )
    assert [item.since for item in beside if "no Ray" in item.text] == ["0.18"]
    assert not [item for item in without if "no Ray" in item.text]


def test_the_table_is_in_order_and_names_its_sources() -> None:
    assert [each.since for each in BEHAVIOUR] == sorted(each.since for each in BEHAVIOUR)
    for each in BEHAVIOUR:
        assert each.text.endswith(".")
        assert each.source.startswith("vllm/")
        assert (0, 8) <= each.since <= (0, 33)


def test_names_that_go_and_come_are_listed_for_any_engine() -> None:
    texts = " ".join(item.text for item in items("0.11.2", "0.12.0"))
    assert "Attention backends that are gone: " in texts
    assert "XFORMERS" in texts
    assert "vllm:gpu_cache_usage_perc" in texts
    assert "Architectures that are new: " in texts
    (back,) = [item.text for item in items("0.12.0", "0.11.2") if item.text.startswith("Metrics that are gone")] or [""]
    assert "vllm:gpu_cache_usage_perc" not in back
    assert not [item for item in items("0.11.2", "0.12.0", set()) if "that are gone" in item.text]


def test_every_table_of_names_is_compared() -> None:
    assert {table for table, _, _ in NAMES} == set(get_args(Table))


def test_what_concerns_one_flag_alone_is_told_beside_it() -> None:
    def refused(*used: str) -> list[Item]:
        return [item for item in items("0.13.0", "0.14.1", set(used)) if "logit_bias" in item.text]

    assert not refused("--max-model-len")
    assert refused("--speculative-config")
    assert any("logit_bias" in item.text for item in items("0.13.0", "0.14.1"))
    renamed = [item for item in items("0.15.1", "0.16.0", {"--reasoning-parser"}) if "reasoning_content" in item.text]
    assert [item.breaks for item in renamed] == [True]


def test_without_an_architecture_it_is_told_which_ones_the_new_runner_serves() -> None:
    found = [item.text for item in items("0.22.1", "0.23.0") if "Model runner v2 serves" in item.text]
    assert found == [
        "Model runner v2 serves LlamaForCausalLM, MistralForCausalLM, Qwen3ForCausalLM by default: memory and features "
        "differ."
    ]
    assert not [item for item in items("0.22.1", "0.23.0", set()) if "Model runner" in item.text]
