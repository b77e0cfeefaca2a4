"""Names of cards that people write for those of the table."""

from __future__ import annotations

import pytest

from llmstack.engine.cards import cards_like


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("H100", ("H100-80GB", "H100-NVL", "H100-PCIe")),
        ("H100 80G", ("H100-80GB",)),
        ("A100-SXM4-80GB", ("A100-80GB",)),
        ("NVIDIA-H100-80GB-HBM3", ("H100-80GB",)),
        ("GeForce RTX 4090", ("RTX4090",)),
        ("RTX PRO 6000 Blackwell", ("RTX PRO 6000",)),
        ("MI300", ("MI300X",)),
        ("T40", ()),
        ("GB200", ("GB200",)),
        ("", ()),
    ],
)
def test_a_card_that_is_meant(name: str, meant: tuple[str, ...]) -> None:
    assert cards_like(name) == meant
