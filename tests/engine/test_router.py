"""The router's releases: what its notes tell of another one, in one direction and in the other."""

from __future__ import annotations

import pytest

from llmstack.engine.router import compare_routers
from llmstack.flags.router import CHANGES, FLAGS, ROUTING_LOGICS

USED = ("--otel-endpoint", "--static-aliases", "--routing-logic")


def told(before: str, after: str, logic: str = "session") -> list[tuple[str, str, bool]]:
    return [(item.kind, item.flag, item.breaks) for item in compare_routers(before, after, USED, logic)]


def test_a_flag_in_use_that_came_later_ends_an_older_router() -> None:
    assert ("removed", "--otel-endpoint", True) in told("v0.1.12", "v0.1.8")
    assert ("removed", "--routing-logic", True) in told("v0.1.13", "v0.1.12", "loadaware")
    assert not [each for each in told("v0.1.8", "v0.1.12") if each[0] == "removed"]
    assert not [each for each in told("v0.1.13", "v0.1.12", "session") if each[0] == "removed"]


def test_a_release_that_behaves_otherwise_is_told_both_ways() -> None:
    forth = [item.text for item in compare_routers("v0.1.8", "v0.1.9", (), "session")]
    back = [item.text for item in compare_routers("v0.1.9", "v0.1.8", (), "session")]
    assert any("100 requests" in text for text in forth)
    assert back == [f"No longer so: {text}" for text in forth]


def test_what_is_of_one_logic_is_told_of_that_alone() -> None:
    lmcache = [text for text in _texts("v0.1.7", "v0.1.8", "kvaware") if "LMCache" in text]
    assert lmcache
    assert not [text for text in _texts("v0.1.7", "v0.1.8", "session") if "LMCache" in text]


def _texts(before: str, after: str, logic: str) -> list[str]:
    return [item.text for item in compare_routers(before, after, (), logic)]


@pytest.mark.parametrize("tags", [("latest", "v0.1.13"), ("v0.1.7", "latest"), ("v0.1.8", "0.1.9.dev4-gabc"), ("", "")])
def test_of_a_tag_that_names_no_release_nothing_is_told(tags: tuple[str, str]) -> None:
    assert told(*tags) == []


def test_a_tag_that_names_no_release_may_lack_no_flag_for_certain() -> None:
    assert ("removed", "--otel-endpoint", True) in told("latest", "v0.1.8")


def test_the_tables_are_in_order() -> None:
    assert list(FLAGS) == sorted(FLAGS)
    assert list(ROUTING_LOGICS) == sorted(ROUTING_LOGICS)
    assert [each.since.release for each in CHANGES] == sorted(each.since.release for each in CHANGES)
