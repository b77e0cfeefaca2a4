"""The tables of releases, and how the tool reads them out of sources."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from tools.make_registries import make

from llmstack.engine import registry
from llmstack.flags.catalogue import versions


def test_every_flag_catalogue_has_its_tables() -> None:
    assert registry.releases() == versions()


@pytest.mark.parametrize(
    ("name", "release", "known"),
    [
        ("Qwen3ForCausalLM", "0.7.3", False),
        ("Qwen3ForCausalLM", "0.8.5.post1", True),
        ("Qwen3ForCausalLM", "0.33.0", True),
        ("MllamaForConditionalGeneration", "0.10.2", True),
        ("MllamaForConditionalGeneration", "0.11.2", False),
        ("LlamaForCausalLM", "0.6.6.post1", True),
        ("OwnForCausalLM", "0.33.0", False),
    ],
)
def test_an_architecture_is_of_the_releases_that_have_it(name: str, release: str, known: bool) -> None:
    assert registry.has_architecture(name, release) is known


def test_what_vllm_itself_says_of_architectures_it_dropped() -> None:
    """`_PREVIOUSLY_SUPPORTED_MODELS` of 0.20.2 (vllm/model_executor/models/registry.py), last releases by its own word."""
    dropped = {
        "MotifForCausalLM": "0.10.2",
        "Phi3SmallForCausalLM": "0.9.2",
        "MllamaForConditionalGeneration": "0.10.2",
    }
    assert {name: registry.last_with(name) for name in dropped} == dropped


def test_capabilities_change_with_releases() -> None:
    assert registry.least_capability("fp8", ["0.13.0"]) == 80
    assert registry.least_capability("fp8", ["0.14.1"]) == 75
    assert registry.least_capability("fp8", ["0.13.0", "0.14.1"]) == 75
    assert registry.least_capability("mxfp4", ["0.9.2"]) is None
    assert registry.least_capability("own", ["0.9.2"]) is None


def test_backends_come_and_go() -> None:
    assert registry.has_backend("XFORMERS", "0.11.2")
    assert not registry.has_backend("XFORMERS", "0.12.0")
    assert "FLASH_ATTN" in registry.backends("0.20.2")


SOURCES = {
    "model_executor/models/registry.py": """
        _TEXT_GENERATION_MODELS = {"OneForCausalLM": ("one", "One"), %s}
        _SPECULATIVE_DECODING_MODELS = {"DraftModel": ("draft", "Draft")}
        _VLLM_MODELS = {**_TEXT_GENERATION_MODELS}
    """,
    "model_executor/layers/quantization/__init__.py": """
        def get(name):
            from .own import OwnConfig, HeirConfig
            method_to_config: dict[str, type] = {"own": OwnConfig, "heir": HeirConfig}
            return method_to_config[name]
    """,
    "model_executor/layers/quantization/own.py": """
        class OwnConfig:
            @classmethod
            def get_min_capability(cls) -> int:
                return %s
        class HeirConfig(OwnConfig):
            pass
    """,
    "platforms/interface.py": """
        class _Backend(Enum):
            FLASH_ATTN = enum.auto()
            _private = 1
    """,
}


def test_the_tool_reads_sources_as_trees(tmp_path: Path) -> None:
    for release, model, least in (("0.9.0", '"TwoForCausalLM": 1', "70"), ("0.10.0", "", "80")):
        for path, text in SOURCES.items():
            file = tmp_path / release / "vllm" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            filled = text.replace("%s", model if "registry" in path else least)
            file.write_text(textwrap.dedent(filled))
    found = make([tmp_path / "0.9.0", tmp_path / "0.10.0"])
    assert found == {
        "releases": ["0.9.0", "0.10.0"],
        "architectures": {"OneForCausalLM": [["0.9.0", None]], "TwoForCausalLM": [["0.9.0", "0.9.0"]]},
        "attentionBackends": {"FLASH_ATTN": [["0.9.0", None]]},
        "quantization": {"heir": [["0.9.0", 70], ["0.10.0", 80]], "own": [["0.9.0", 70], ["0.10.0", 80]]},
    }
