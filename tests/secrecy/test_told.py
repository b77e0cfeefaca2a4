"""What is told of a repository: masked wherever a text stands in it, and the same object where there is nothing to mask."""

from __future__ import annotations

from msgspec import Struct

from llmstack.secrecy.told import mask_told

TOKEN = "hf_aBcDeFgHiJkLmNoPqRsT1234"


class Pool(Struct, frozen=True):
    name: str
    count: int = 1
    parts: tuple[object, ...] = ()


def test_every_text_is_masked() -> None:
    told = mask_told(Pool(f"a {TOKEN} b", parts=({"x": [TOKEN]}, Pool(TOKEN, 3), ("plain", 2.5, None))))
    assert told == Pool("a (masked) b", parts=({"x": ["(masked)"]}, Pool("(masked)", 3), ("plain", 2.5, None)))


def test_no_two_entries_become_one() -> None:
    assert mask_told({f"{TOKEN}a": 1, f"{TOKEN}b": 2}) == {f"{TOKEN}a": 1, f"{TOKEN}b": 2}


def test_what_holds_none_is_the_same_object() -> None:
    plain = Pool("a", parts=({"x": ["y"]}, Pool("b")))
    assert mask_told(plain) is plain
