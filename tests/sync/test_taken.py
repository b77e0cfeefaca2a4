"""Which files a source of Flux takes."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.sync.taken import first_left_out, is_ignored, takes

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
    ],
)
def test_ignored(patterns: str, ignored: bool) -> None:
    assert is_ignored(patterns, FILE) == ignored


def copy(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"from": f"@repo/{source}", "to": f"@artifact/{target}", **more}


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({}, True),
        ({"sparseCheckout": ["overlays"]}, True),
        ({"sparseCheckout": ["./overlays/prod/"]}, True),
        ({"sparseCheckout": ["base", "over"]}, False),
        ({"sparseCheckout": ["base"], "include": [{"repository": {"name": "a"}}]}, None),
        ({"recurseSubmodules": True}, None),
        ({"copies": [copy("overlays/prod/models/a/**", "overlays/prod/models/a/")]}, True),
        ({"copies": [copy("overlays/**", "overlays")]}, True),
        ({"copies": [copy("**", "")]}, True),
        ({"copies": [copy("overlays/prod/models/a/**", "a/")]}, False),
        ({"copies": [copy("base/**", "base/")]}, False),
        ({"copies": []}, False),
        ({"copies": [copy("overlays/prod/models/a/*.yaml", "overlays/prod/models/a/")]}, None),
        ({"copies": [copy("overlays/**", "overlays/", exclude=["*.md"])]}, None),
        ({"copies": [copy("overlays/**", "overlays/")], "ignore": "/overlays"}, False),
    ],
)
def test_taken(filters: dict[str, Any], taken: bool | None) -> None:
    assert takes(filters, FILE) is taken


def test_the_first_that_is_left_out() -> None:
    assert first_left_out({"ignore": "/base"}, [FILE, "base/b.yaml", "base/a.yaml"]) == ("base/a.yaml", True)
    assert first_left_out({"recurseSubmodules": True}, [FILE]) == (None, False)
    assert first_left_out({}, [FILE]) == (None, True)
