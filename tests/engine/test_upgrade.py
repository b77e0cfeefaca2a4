"""What another release changes: from the catalogues of flags, and from the curated table."""

from __future__ import annotations

from typing import get_args

import pytest

from llmstack.engine.behaviour import BEHAVIOUR
from llmstack.engine.registry import Table
from llmstack.engine.upgrade import NAMES, ONLY_WITH, Item, compare_releases
from llmstack.flags.catalogue import load_catalogue, versions


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

    assert {"--async-scheduling", "--seed"} <= moved()
    assert not moved() & {"--all2all-backend", "--api-server-count", "--kv-offloading-backend"}
    assert "--all2all-backend" in moved("--enable-expert-parallel")
    assert "--api-server-count" in moved("--data-parallel-size")
    assert {"--all2all-backend", "--api-server-count"} <= {item.flag for item in items("0.11.2", "0.15.1")}


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


def test_the_table_is_in_order_and_names_its_sources() -> None:
    assert [each.since for each in BEHAVIOUR] == sorted(each.since for each in BEHAVIOUR)
    for each in BEHAVIOUR:
        assert each.text.endswith(".")
        assert each.source.startswith("vllm/")
        assert (0, 9) <= each.since <= (0, 33)


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
