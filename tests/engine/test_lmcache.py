"""LMCache's settings by release: what another release changes, and how the tool reads them out of sources."""

from __future__ import annotations

import textwrap

import pytest
from tools.make_lmcache import make

from llmstack.engine.lmcache import compare_settings, release_of, releases
from llmstack.engine.upgrade import Item


def items(before: str, after: str, used: set[str] | None, given: set[str] | None = None) -> list[tuple[str, str]]:
    found: list[Item] = list(compare_settings(before, after, used, given or used or ()))
    return [(item.kind, item.flag) for item in found]


def test_a_setting_in_use_that_goes_or_is_renamed_is_told() -> None:
    assert ("removed", "LMCACHE_LOOKUP_URL") in items("0.3.4", "0.3.9.post2", {"lookup_url"})
    assert ("deprecated", "LMCACHE_NIXL_ROLE") in items("0.3.4", "0.3.9.post2", {"nixl_role"})
    assert items("0.3.9.post2", "0.3.10", {"nixl_role"}) == []


def test_a_default_that_moves_is_told_unless_it_is_set() -> None:
    moved = ("default", "LMCACHE_SAVE_UNFULL_CHUNK")
    assert moved in items("0.3.9.post2", "0.5.6", set())
    assert moved not in items("0.3.9.post2", "0.5.6", {"save_unfull_chunk"})
    assert moved not in items("0.3.9.post2", "0.5.6", set(), {"save_unfull_chunk"})
    (item,) = [each for each in compare_settings("0.3.9.post2", "0.5.6", set()) if each.flag == moved[1]]
    assert (item.before, item.after) == ("true", "false")


def test_without_an_engine_everything_is_told() -> None:
    found = items("0.3.4", "0.5.6", None)
    assert {kind for kind, _ in found} == {"removed", "deprecated", "default"}


@pytest.mark.parametrize(
    ("repository", "tag", "release"),
    [
        ("lmcache/vllm-openai", "v0.3.9post2", "0.3.9.post2"),
        ("lmcache/vllm-openai", "v0.5.6", "0.5.6"),
        ("lmcache/vllm-openai", "v0.5.6@sha256:0", "0.5.6"),
        ("lmcache/vllm-openai", "latest", None),
        ("lmcache/vllm-openai", "v0.2.0", None),
        ("vllm/vllm-openai", "v0.5.4", None),
    ],
)
def test_the_release_is_that_of_the_image(repository: str, tag: str, release: str | None) -> None:
    assert release_of(repository, tag) == release
    assert release is None or release in releases()


def test_the_tool_reads_sources_as_trees() -> None:
    old = """
        _CONFIG_ALIASES = {"role": "pd_role"}
        _CONFIG_DEFINITIONS: dict = {"size": {"type": int, "default": 5}, "path": {"default": make()}}
    """
    new = """_CONFIG_DEFINITIONS = {"size": {"type": int, "default": 6}}"""
    found = make({"0.3.10": new, "0.3.9": textwrap.dedent(old), "0.2.0": "x = 1"})
    assert found == {
        "releases": ["0.3.9", "0.3.10"],
        "settings": {
            "path": [["0.3.9", {}], ["0.3.10", None]],
            "size": [["0.3.9", {"default": 5}], ["0.3.10", {"default": 6}]],
        },
        "renamed": {"role": [["0.3.9", "pd_role"], ["0.3.10", None]]},
    }
