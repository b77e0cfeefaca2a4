"""GPUs: what CUDA sees of their memory, their compute capability, and the names that Kubernetes has for them.

Names are those of published measurements. `memory` is the total that a log of vLLM or `torch.cuda.mem_get_info`
showed, in GiB, never the number of the data sheet; of several that drivers gave, the lowest of the last two years. (T4:
14.56 to 14.58, Zheng-Chong/CatVTON#133, AlphaGPU/leetgpu-challenges#52, QwenLM/Qwen3-VL#1046. A10: 22.06 to 22.18,
vllm-project/vllm#928, OpenBMB/MiniCPM-V#640. A10G 22.06, A40 44.42, L40 44.4: benchmarks on torch 2.10 to 2.13 print
them. All others: logs of vLLM.) `capability` is NVIDIA's compute capability
(https://developer.nvidia.com/cuda-gpus); `products` are values of the label `nvidia.com/gpu.product` as NVIDIA's GPU
feature discovery writes them (the device's name with `-` for blanks).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Maker = Literal["nvidia", "amd"]
Family = Literal["Pascal", "Volta", "Turing", "Ampere", "Ada", "Hopper", "Blackwell"]

LABEL = "nvidia.com/gpu.product"
MIG_RESOURCE = "nvidia.com/mig-"


class Card(Struct, frozen=True):
    """One kind of GPU. `memory` None: nobody has published what CUDA sees of it."""

    name: str
    memory: float | None
    capability: tuple[int, int] | None = None
    products: tuple[str, ...] = ()
    maker: Maker = "nvidia"
    shared_memory: bool = False
    """The CPU uses the same memory, so what is free at start is not the card's own affair."""
    part: bool = False
    """A slice of a card (MIG), whose total nobody has published."""
    stated: bool = False
    """The memory is what the values say."""
    sold_as: float | None = None
    """The gigabytes in its name or data sheet, which CUDA never sees all of."""

    @property
    def at_most(self) -> float | None:
        """GiB that it cannot exceed; None where not even that is known."""
        return self.sold_as if self.memory is None else self.memory

    @property
    def family(self) -> Family | None:
        """NVIDIA's name of the generation; None where the compute capability is not known."""
        return None if self.capability is None else next(name for first, name in FAMILIES if self.capability >= first)

    @property
    def is_a100(self) -> bool:
        """vLLM asks the device's name for it (`get_batch_defaults`, vllm/engine/arg_utils.py)."""
        return self.name.startswith("A100")


FAMILIES: tuple[tuple[tuple[int, int], Family], ...] = (
    ((10, 0), "Blackwell"),
    ((9, 0), "Hopper"),
    ((8, 9), "Ada"),
    ((8, 0), "Ampere"),
    ((7, 5), "Turing"),
    ((7, 0), "Volta"),
    ((6, 0), "Pascal"),
)
"""Generations by the first compute capability of each, the newest first."""

CARDS: Mapping[str, Card] = {
    card.name: card
    for card in (
        Card("V100-16GB", 15.77, (7, 0), ("Tesla-V100-SXM2-16GB", "Tesla-V100-PCIE-16GB")),
        Card("V100-32GB", 31.73, (7, 0), ("Tesla-V100-SXM2-32GB", "Tesla-V100-PCIE-32GB", "Tesla-V100-SXM3-32GB")),
        Card("T4", 14.56, (7, 5), ("Tesla-T4",)),
        Card("A100-40GB", 39.4, (8, 0), ("NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB")),
        Card("A100-80GB", 79.25, (8, 0), ("NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe")),
        Card("A10", 22.06, (8, 6), ("NVIDIA-A10",)),
        Card("A10G", 22.06, (8, 6), ("NVIDIA-A10G",)),
        Card("A40", 44.42, (8, 6), ("NVIDIA-A40",)),
        Card("RTX A5000", 23.6, (8, 6), ("NVIDIA-RTX-A5000",)),
        Card("A6000", 47.43, (8, 6), ("NVIDIA-RTX-A6000",)),
        Card("RTX3090", 23.58, (8, 6), ("NVIDIA-GeForce-RTX-3090",)),
        Card("L4", 22.03, (8, 9), ("NVIDIA-L4",)),
        Card("L20", 47.37, (8, 9), ("NVIDIA-L20",)),
        Card("L40", 44.4, (8, 9), ("NVIDIA-L40",)),
        Card("L40S", 44.39, (8, 9), ("NVIDIA-L40S",)),
        Card("RTX4090", 23.53, (8, 9), ("NVIDIA-GeForce-RTX-4090",)),
        Card("H100-80GB", 79.19, (9, 0), ("NVIDIA-H100-80GB-HBM3",)),
        Card("H100-NVL", 93.1, (9, 0), ("NVIDIA-H100-NVL",)),
        Card("H200", 139.8, (9, 0), ("NVIDIA-H200",)),
        Card("GH200", None, (9, 0), ("NVIDIA-GH200-480GB",), shared_memory=True),
        Card("B200", 178.35, (10, 0), ("NVIDIA-B200",)),
        Card("B300", 276.6, (10, 3), ("NVIDIA-B300-SXM6-AC",)),
        Card("RTX5090", 31.37, (12, 0), ("NVIDIA-GeForce-RTX-5090",)),
        Card(
            "RTX PRO 6000",
            94.97,
            (12, 0),
            ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "NVIDIA-RTX-PRO-6000-Blackwell-Workstation-Edition"),
        ),
        Card("GB10", 121.69, (12, 1), ("NVIDIA-GB10",), shared_memory=True),
        *(  # of these nobody has published the total, so that the gigabytes that they are sold as bound it
            Card(name, None, capability, tuple(products), sold_as=float(gigabytes))
            for name, gigabytes, capability, *products in (
                ("P4", 8, (6, 1), "Tesla-P4"),
                ("P40", 24, (6, 1), "Tesla-P40"),
                ("P100-16GB", 16, (6, 0), "Tesla-P100-PCIE-16GB", "Tesla-P100-SXM2-16GB"),
                ("RTX 8000", 48, (7, 5), "Quadro-RTX-8000"),
                ("A30", 24, (8, 0), "NVIDIA-A30"),
                ("A800-80GB", 80, (8, 0), "NVIDIA-A800-SXM4-80GB", "NVIDIA-A800-80GB-PCIe"),
                ("A2", 16, (8, 6), "NVIDIA-A2"),
                ("A16", 16, (8, 6), "NVIDIA-A16"),
                ("RTX A4000", 16, (8, 6), "NVIDIA-RTX-A4000"),
                ("RTX A4500", 20, (8, 6), "NVIDIA-RTX-A4500"),
                ("RTX 6000 Ada", 48, (8, 9), "NVIDIA-RTX-6000-Ada-Generation"),
                ("H100-PCIe", 80, (9, 0), "NVIDIA-H100-PCIe"),
                ("H20", 96, (9, 0), "NVIDIA-H20"),
                ("H800", 80, (9, 0), "NVIDIA-H800"),
                ("H200-NVL", 141, (9, 0), "NVIDIA-H200-NVL"),
            )
        ),
        Card("GB200", None, (10, 0), ("NVIDIA-GB200",), shared_memory=True),
        Card("GB300", None, (10, 3), ("NVIDIA-GB300",), shared_memory=True),
        Card("MI300X", 191.69, None, maker="amd"),
    )
}
"""Every card that is known, by its name."""

_BY_NAME: Mapping[str, Card] = {name.lower(): card for name, card in CARDS.items()}
PRODUCTS: Mapping[str, Card] = {product: card for card in CARDS.values() for product in card.products}


def card_named(name: str) -> Card | None:
    """The card of a name of the table, case aside; None for any other."""
    return _BY_NAME.get(name.lower())


def cards_like(name: str) -> tuple[str, ...]:
    """Names of the table that another one may mean: it is a value of the node label, or begins with the model of a card
    (`A100 SXM4`), blanks, dashes and makers aside; those of the memory that it names, where it names one."""
    product = card_of_product(name)
    if product is not None and product.name in CARDS:
        return (product.name,)
    words = re.findall(r"[a-z0-9]+", re.sub(r"nvidia|amd|geforce|tesla", " ", name.lower()))
    said = ["".join(words[:number]) for number in range(1, len(words) + 1)]
    found = {known: _model_and_rest(known) for known in CARDS}
    near = {known: rest for known, (model, rest) in found.items() if any(_is_model(each, model) for each in said)}
    of_memory = [known for known, rest in near.items() if rest and any(rest.startswith(word) for word in words[1:])]
    return tuple(of_memory or near)


def _model_and_rest(known: str) -> tuple[str, str]:
    model, _, rest = known.lower().replace(" ", "").partition("-")
    return model, rest


def _is_model(said: str, model: str) -> bool:
    """Whether a name says a model and nothing that makes it another one, or all of the model but its last letter."""
    return said == model[:-1] or (said.startswith(model) and not said[len(model) : len(model) + 1].isdecimal())


def card_of_product(product: str) -> Card | None:
    """The card that a value of the node label `nvidia.com/gpu.product` means; a MIG profile is a part of one.

    It ends in `-SHARED` where GPUs are time-sliced, and in `-MIG-<profile>` under MIG's strategy `single`:
    both share the card, so the memory is nobody's alone.
    """
    card = PRODUCTS.get(product)
    if card is not None:
        return card
    name, _, part = product.partition("-MIG-")
    shared = product.removesuffix("-SHARED")
    if part and name in PRODUCTS:
        return slice_of(f"{PRODUCTS[name].name} MIG {part}", part, PRODUCTS[name].capability)
    if shared != product and shared in PRODUCTS:
        whole = PRODUCTS[shared]
        return Card(f"{whole.name} shared", None, whole.capability, part=True, sold_as=whole.at_most)
    return None


def slice_of(name: str, profile: str, capability: tuple[int, int] | None = None) -> Card:
    """A MIG slice: `3g.40gb` has less than 40 GiB (39.25 on an A100), and nobody has published how much CUDA sees."""
    size = re.search(r"\.(\d+)gb", profile)
    return Card(name, None, capability, part=True, sold_as=float(size[1]) if size else None)


def card_of_memory(gibibytes: float) -> Card:
    """A card of which only the memory is known, as `memory:` of the values says it."""
    return Card(f"{gibibytes:g} GiB", gibibytes, stated=True)
