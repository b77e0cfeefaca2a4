"""What a SealedSecret holds is no secret where it is encrypted, and one where nobody did that."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.secrecy.files import find_lines
from llmstack.secrecy.places import find_places

SEALED = "AgBy3i4OJSWK" + "aB3+" * 100


def sealed(value: Any) -> dict[str, Any]:
    spec = {"encryptedData": {"password": value}}
    return {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "s"}, "spec": spec}


@pytest.mark.parametrize("value", [SEALED, f"{SEALED[:100]}\n{SEALED[100:]}", "AgBy3i4OJSWK", "$(X)", "", "...", None])
def test_what_is_encrypted_or_left_out_is_none(value: Any) -> None:
    assert list(find_places(sealed(value))) == []


@pytest.mark.parametrize("value", ["hunter2hunter2", "aHVudGVyMmh1bnRlcjI=", "hf_" + "a" * 34, "AgBy not encrypted"])
def test_what_is_not_encrypted_is_one(value: str) -> None:
    (place,) = find_places(sealed(value))
    assert place.route == ("spec", "encryptedData", "password")


def test_its_line_in_a_file() -> None:
    text = f"kind: SealedSecret\nspec:\n  encryptedData:\n    a: {SEALED}\n    b: hunter2hunter2\n"
    assert list(find_lines(text)) == [4]
