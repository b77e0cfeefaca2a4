"""Which files a source of Flux takes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from llmstack.sync.taken import first_left_out, from_root, is_ignored, takes

FILE = "overlays/prod/models/a/deployment.yaml"


@pytest.mark.parametrize(
    ("patterns", "ignored"),
    [
        ("", False),
        ("# overlays", False),
        ("overlays", True),
        ("overlays/", True),
        ("/overlays/prod", True),
        ("overlays/prod", True),
        ("prod/models", False),
        ("/prod", False),
        ("*.yaml", True),
        ("deployment.yaml/", False),
        ("/overlays/*/models", True),
        ("/overlays/*", True),
        ("**/models", True),
        ("/overlays/**/a", True),
        ("/overlays/**", True),
        ("/**/deployment.yaml", True),
        ("/overlays/*.yaml", False),
        ("/overlays/prod/models/?/", True),
        ("/*\n!/overlays", False),
        ("!/overlays\n/*", True),
        ("/overlays/prod\n!/overlays/prod/models", False),
        ("/overlays/**/**", True),
        ("/**", False),
        ("/overlays/[a-p]*/models", True),
        ("/overlays/**/models/a/deployment.yaml/", False),
    ],
)
def test_ignored(patterns: str, ignored: bool) -> None:
    assert is_ignored(patterns, FILE) == ignored


def test_no_pattern_tries_for_ever() -> None:
    began = time.process_time()
    for pattern in ("/overlays/" + "*a" * 60 + "z/x", "/" + "**/" * 60 + "z", "*a" * 60 + "z"):
        assert not is_ignored(pattern, f"overlays/{'a' * 60}/deployment.yaml")
    assert time.process_time() - began < 1


def copy(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"from": f"@repo/{source}", "to": f"@artifact/{target}", **more}


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({}, True),
        ({"sparseCheckout": ["overlays"]}, True),
        ({"sparseCheckout": ["./overlays/prod/"]}, True),
        ({"sparseCheckout": ["base", "over"]}, False),
        ({"sparseCheckout": ["base"], "include": [{"repository": {"name": "a"}}]}, False),
        ({"include": [{"repository": {"name": "a"}}]}, True),
        ({"include": [{"repository": {"name": "overlays"}}]}, None),
        ({"include": [{"repository": {"name": "a"}, "toPath": "./overlays/prod"}]}, None),
        ({"copies": [copy("overlays/prod/models/a/**", "overlays/prod/models/a/")]}, True),
        ({"copies": [copy("overlays/**", "overlays")]}, True),
        ({"copies": [copy("**", "")]}, True),
        ({"copies": [copy("overlays/prod/models/a/**", "a/")]}, False),
        ({"copies": [copy("base/**", "base/")]}, False),
        ({"copies": []}, False),
        ({"copies": [copy("overlays/prod/models/a/*.yaml", "overlays/prod/models/a/")]}, None),
        ({"copies": [copy("overlays/**", "overlays/", exclude=["*.md"])]}, True),
        ({"copies": [copy("overlays/**", "overlays/", exclude=["**/*.yaml"])]}, None),
        ({"copies": [copy("overlays/**", "overlays/")], "alias": "other"}, None),
        ({".sourceignore": "/overlays"}, False),
        ({".sourceignore": "/overlays", "ignore": "!/overlays"}, True),
        ({"copies": [copy("overlays/**", "overlays/")], "ignore": "/overlays"}, False),
        ({"ignore": "/base\n" * 5_002}, None),
    ],
)
def test_taken(filters: dict[str, Any], taken: bool | None) -> None:
    assert takes({"alias": "repo", **filters}, FILE) is taken


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("*.yaml", True),
        ("models/", True),
        ("/models/a", True),
        ("/a", False),
        ("prod/models", False),
        ("# models\n\n*.md", False),
        ("*.yaml\n!models/a/*.yaml", False),
    ],
)
def test_patterns_of_a_folder_count_below_it(pattern: str, ignored: bool) -> None:
    """As .gitignore has them: one with a slash in it is of the folder itself, any other of all below it."""
    assert is_ignored(from_root(pattern, "overlays/prod"), FILE) == ignored
    assert not is_ignored(from_root(pattern, "base"), FILE)


def test_the_first_that_is_left_out() -> None:
    assert first_left_out({"ignore": "/base"}, [FILE, "base/b.yaml", "base/a.yaml"]) == ("base/a.yaml", True)
    assert first_left_out({"include": [{"toPath": "overlays"}]}, [FILE]) == (None, False)
    assert first_left_out({}, [FILE]) == (None, True)
