"""The tables of releases, and how the tool reads them out of sources."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from tools.make_registries import make
from tools.vllm_tables.variables import LEVELS

from llmstack.engine import registry
from llmstack.engine.exact.architecture import unregistered
from llmstack.engine.facts import ModelFacts, Sizes
from llmstack.engine.registry import Lack
from llmstack.engine.settings import read_flags, read_settings
from llmstack.flags import newest
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
    assert registry.least_capability("CompressedTensorsW8A16Fp8", ["0.15.1"]) == 80
    assert registry.least_capability("CompressedTensorsW8A16Fp8", ["0.16.0"]) == 75
    assert registry.least_capability("own", ["0.9.2"]) is None


def test_an_architecture_that_nobody_has() -> None:
    def told(
        name: str, *words: str, repository: str = "vllm/vllm-openai", config: str | None = "sha256:0"
    ) -> list[str]:
        given, facts = ("m", *words), ModelFacts("acme/one", name, Sizes(), config=config)
        settings, flags = read_settings(given, newest()), read_flags(given, newest())
        return [fault.message for fault in unregistered(facts, settings, flags, ["0.33.0"], repository)]

    assert told("NovaForCausalLM") == ["vLLM 0.33.0 does not have NovaForCausalLM, and neither has Transformers"]
    assert told("NovaForCausalLM", "--trust-remote-code") == []
    assert told("NovaForCausalLM", "--model-impl", "transformers") == []
    assert told("NovaForCausalLM", repository="acme/vllm") == [], "an image of one's own may have a plugin"
    assert told("NovaForCausalLM", config=None) == [], "facts that are not of the model's own config.json"
    assert told("NovaModel") == [], "of what does not generate text nobody keeps a list"
    assert told("CodeGenForCausalLM") == [], "Transformers has a class of it"
    assert told("LlamaForCausalLM") == []


def test_an_architecture_that_is_left_to_transformers_may_be_so_in_another_release() -> None:
    assert not registry.has_architecture("SmolLM3ForCausalLM", "0.9.2")
    assert registry.may_fall_back("SmolLM3ForCausalLM", "0.9.2")
    assert not registry.may_fall_back("SmolLM3ForCausalLM", "0.7.3")  # it has no such class yet
    assert not registry.may_fall_back("Qwen3ForCausalLM", "0.8.5.post1")


def test_backends_come_and_go() -> None:
    assert registry.has_backend("XFORMERS", "0.11.2")
    assert not registry.has_backend("XFORMERS", "0.12.0")
    assert "FLASH_ATTN" in registry.backends("0.20.2")


SOURCES = {
    "model_executor/models/registry.py": """
        _TEXT_GENERATION_MODELS = {"OneForCausalLM": ("one", "One"), %s}
        _TRANSFORMERS_SUPPORTED_MODELS = {"ThreeForCausalLM": ("transformers", "TransformersForCausalLM")}
        _SPECULATIVE_DECODING_MODELS = {"DraftModel": ("draft", "Draft")}
        _VLLM_MODELS = {**_TEXT_GENERATION_MODELS}
    """,
    "model_executor/models/interfaces.py": """
        class SupportsPP(Protocol):
            supports_pp = True
        class SupportsLoRA(Protocol):
            supports_lora = True
    """,
    "model_executor/models/one.py": """
        from torch import nn
        from .interfaces import SupportsPP
        from .outside import Anything
        class Base(nn.Module, SupportsPP):
            pass
        class One(Base):
            pass
    """,
    "model_executor/models/two.py": """
        from .outside import Anything
        class Two(Anything):
            pass
    """,
    "model_executor/layers/quantization/__init__.py": """
        QuantizationMethods = Literal["own", "heir"]
        DEPRECATED_QUANTIZATION_METHODS = ["own"]
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
            def get_supported_act_dtypes(cls):
                return [torch.half, torch.bfloat16]
        class HeirConfig(OwnConfig):
            pass
    """,
    "v1/attention/backends/registry.py": """
        class AttentionBackendEnum(Enum):
            FLASH_ATTN = "vllm.v1.attention.flash.Flash"
            FREE = "vllm.v1.attention.flash.Free"
            _private = 1
    """,
    "v1/attention/flash.py": """
        class Backend(ABC):
            supported_dtypes: ClassVar[list[torch.dtype]] = [torch.float16]
            supported_kv_cache_dtypes: ClassVar[list[str]] = ["auto"]
            def is_mla(cls):
                return False
            def supports_dtype(cls, dtype):
                return dtype in cls.supported_dtypes
            def supports_kv_cache_dtype(cls, dtype):
                return dtype in cls.supported_kv_cache_dtypes
            def supports_block_size(cls, block_size):
                for size in cls.get_supported_kernel_block_sizes():
                    if block_size % size == 0:
                        return True
            def supports_head_size(cls, head_size):
                return head_size in cls.get_supported_head_sizes()
        class Flash(Backend):
            supported_kv_cache_dtypes = ["auto", "fp8"]
            def supports_compute_capability(cls, capability):
                return capability >= DeviceCapability(8, 0) and capability.major != 9
            def get_supported_kernel_block_sizes():
                return [MultipleOf(16), 64]
            def get_supported_head_sizes(cls):
                return [64, 128]
        class Free(Backend):
            supported_dtypes = made()
            def supports_kv_cache_dtype(cls, dtype):
                return True
            def supports_block_size(cls, block_size):
                return block_size % 32 == 0
            def get_supported_kernel_block_sizes():
                return [MultipleOf(16)]
            def supports_head_size(cls, head_size):
                return head_size >= 32
    """,
    "v1/metrics/loggers.py": """
        counter(name="vllm:requests_total")
    """,
    "config/speculative.py": """
        Others = Literal["eagle"]
        SpeculativeMethod = Literal["ngram", Others]
        aux_hidden_states_supported = ["own"]
    """,
    "envs.py": """
        environment_variables = {
            "OWN_NUMBER": lambda: int(os.getenv("OWN_NUMBER", "0")),
            "OWN_SWITCH": lambda: bool(int(os.environ.get("OWN_SWITCH", "0"))),
            "OWN_OTHER": lambda: int(os.getenv("OTHER", "0")),
            "OWN_WORD": env_with_choices("OWN_WORD", None, ["a", "b"], case_sensitive=False),
            "OWN_TEXT": lambda: os.getenv("OWN_TEXT"),
            "OWN_CHOICE": lambda: bool(int(os.environ["OWN_CHOICE"])) if "OWN_CHOICE" in os.environ else None,
            "OWN_PORT": own_port,
            "OWN_LEVEL": lambda: os.getenv("OWN_LEVEL", "INFO").upper(),
        }
        def own_port():
            port = os.getenv("OWN_PORT", "0")
            try:
                return int(port)
            except ValueError as error:
                raise ValueError("no port") from error
    """,
    "logger.py": """
        CONFIG = {"handlers": {"own": {"level": envs.OWN_LEVEL, "stream": envs.OWN_TEXT}}}
    """,
    "config/own.py": """
        from pydantic import Field
        from pydantic.dataclasses import dataclass
        from vllm.v1.attention.backends.registry import AttentionBackendEnum
        from vllm.config.own import Kind
        One = Literal["a", "b"]
        Some = Literal[One, "c"]
        class CUDAGraphMode(Enum):
            NONE = 0
            FULL = 1
        class CompilationMode(IntEnum):
            NONE = 0
            ALL = 3
        @dataclass(config=ConfigDict(extra="forbid"))
        class InnerConfig:
            count: int = Field(default=1, ge=1, le=8)
            of_all: ClassVar[int] = 1
        @config
        @dataclass
        class OwnConfig:
            inner: InnerConfig | None = None
            kind: Optional[Some] = None
            name: str | One = "a"
            mode: CUDAGraphMode = CUDAGraphMode.NONE
            level: CompilationMode = None
            parts: list[int] | None = None
            span: int = 0
            own: bool = False
            backend: AttentionBackendEnum | None = None
            per_kind: dict[str, AttentionBackendEnum] = None
            @field_validator("backend", mode="before")
            def of_backend(cls, value):
                if value.lower() == "auto":
                    return None
                return AttentionBackendEnum[value.upper()]
            @field_validator("per_kind", mode="before")
            def of_kinds(cls, value):
                valid = {kind.value for kind in Kind}
                return {kind: AttentionBackendEnum[each] for kind, each in value.items()}
            @field_validator("name")
            def of_name(cls, value):
                if value not in ("a", "z"):
                    raise ValueError(value)
            def __post_init__(self):
                if self.parts and any(part <= 0 for part in self.parts):
                    raise ValueError("parts")
                if self.own and self.span < 3:
                    raise ValueError("of some starts alone")
                if self.span is not None and self.span < 0:
                    raise ValueError("span")
                if self.own:
                    return
                if self.span > 5:
                    raise ValueError("not always asked")
        class Kind(str, Enum):
            FULL = "full"
        class NotRead:
            one: int = 1
        raise ValueError("own but " "EPLB is not enabled")
    """,
    "platforms/rocm.py": """
        class RocmPlatform(Platform):
            supported_quantization: list[str] = ["own"]
            if on_gfx11():
                supported_quantization += ["heir"]
    """,
    "model_executor/model_loader/__init__.py": """
        _LOAD_FORMAT_TO_MODEL_LOADER: dict[str, type] = {"auto": Auto, "pt": Pt}
    """,
    "distributed/kv_transfer/kv_connector/factory.py": """
        KVConnectorFactory.register_connector("OwnConnector", "own.module", "OwnConnector")
    """,
}


def test_the_tool_reads_sources_as_trees(tmp_path: Path) -> None:
    for release, model, least in (("9", '"TwoForCausalLM": ("two", "Two")', "70"), ("10", "", "80")):
        for path, text in SOURCES.items():
            file = tmp_path / f"0.{release}.0" / "vllm" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            filled = text.replace("%s", model if "registry" in path else least)
            file.write_text(textwrap.dedent(filled))
    found = make([tmp_path / "0.9.0", tmp_path / "0.10.0"])
    both = [["0.9.0", None]]
    flash = {"latent": False, "capabilities": [80, 86, 89, 100, 103], "kvTypes": ["auto", "fp8"], "types": ["float16"]}
    flash |= {"blocks": [16, 64], "heads": [64, 128]}
    types = ["bfloat16", "float16"]
    assert found == {
        "releases": ["0.9.0", "0.10.0"],
        "architectures": {"OneForCausalLM": both, "ThreeForCausalLM": both, "TwoForCausalLM": [["0.9.0", "0.9.0"]]},
        "byTransformers": {"ThreeForCausalLM": both},
        "withoutLora": {"OneForCausalLM": both},
        "withoutPipeline": {},  # a base of Two is not at hand, so nothing is said of it
        "attentionBackends": {"FLASH_ATTN": both, "FREE": both},
        "backendTraits": {"FLASH_ATTN": [["0.9.0", flash]], "FREE": [["0.9.0", {"latent": False}]]},
        "quantizationNames": {"heir": both, "own": both},
        "quantization": {"heir": [["0.9.0", 70], ["0.10.0", 80]], "own": [["0.9.0", 70], ["0.10.0", 80]]},
        "rocmQuantization": {"own": both},
        "activationTypes": {"heir": [["0.9.0", types]], "own": [["0.9.0", types]]},
        "speculation": {"eagle": both, "ngram": both},
        "metrics": {"vllm:requests": both},
        "metricKinds": {"vllm:requests_total": [["0.9.0", "counter"]]},
        "configFields": {
            "InnerConfig.count": [["0.9.0", {"ge": 1, "le": 8, "type": "int"}]],
            "OwnConfig.inner": [["0.9.0", {"of": "InnerConfig"}]],
            "OwnConfig.kind": [["0.9.0", {"choices": ["a", "b", "c", None], "exact": True}]],
            "OwnConfig.mode": [["0.9.0", {"choices": ["NONE", "FULL"]}]],
            "OwnConfig.level": [["0.9.0", {"choices": [0, "NONE", 3, "ALL"]}]],
            "OwnConfig.name": [["0.9.0", {"choices": ["a", "z"]}]],
            "OwnConfig.parts": [["0.9.0", {"type": "list", "items": {"type": "int", "gt": 0}}]],
            "OwnConfig.span": [["0.9.0", {"type": "int", "ge": 0}]],
            "OwnConfig.own": [["0.9.0", {"type": "bool"}]],
            "OwnConfig.backend": [["0.9.0", {"from": "attentionBackends", "choices": ["auto", None]}]],
            "OwnConfig.per_kind": [["0.9.0", {"values": {"from": "attentionBackends"}, "keys": {"choices": ["full"]}}]],
        },
        "strictConfigs": {"InnerConfig": both},
        "registered": {
            "--load-format": [["0.9.0", ["auto", "pt"]]],
            "kv_connector": [["0.9.0", ["OwnConnector"]]],
            "eagle3": [["0.9.0", ["own"]]],
            "deprecated": [["0.9.0", ["own"]]],
        },
        "variables": {
            "OWN_NUMBER": [["0.9.0", {"number": True}]],
            "OWN_SWITCH": [["0.9.0", {"number": True}]],
            "OWN_WORD": [["0.9.0", {"choices": ["a", "b"], "folded": True}]],
            "OWN_CHOICE": [["0.9.0", {"number": True}]],
            "OWN_PORT": [["0.9.0", {"number": True}]],
            "OWN_LEVEL": [["0.9.0", {"choices": list(LEVELS), "folded": True}]],
        },
        "sentences": {"but EPLB is not enabled": both},
    }


@pytest.mark.parametrize(
    ("table", "architecture", "release", "lacks"),
    [
        ("withoutPipeline", "LlamaForCausalLM", "0.19.1", False),
        ("withoutPipeline", "BertModel", "0.19.1", True),
        ("withoutPipeline", "DeepseekV4ForCausalLM", "0.20.2", True),
        ("withoutLora", "LlamaForCausalLM", "0.9.2", False),
        ("withoutLora", "Qwen3MoeForCausalLM", "0.9.2", True),
        ("withoutLora", "Qwen3MoeForCausalLM", "0.33.0", False),
        ("withoutLora", "GPT2LMHeadModel", "0.33.0", True),
        ("withoutLora", "OwnForCausalLM", "0.33.0", False),
    ],
)
def test_what_classes_lack(table: Lack, architecture: str, release: str, lacks: bool) -> None:
    assert registry.lacks_everywhere(table, architecture, [release]) is lacks


def test_backends_say_what_they_serve() -> None:
    assert registry.backend_traits("FLASHMLA", "0.19.1").latent
    assert registry.backend_traits("FLASHMLA", "0.19.1").capabilities == (90, 100, 103)
    triton = registry.backend_traits("TRITON_ATTN", "0.19.1")
    assert (triton.latent, triton.types, triton.blocks, triton.heads) == (
        False,
        ("float16", "bfloat16", "float32"),
        (16,),
        None,
    )
    assert registry.backend_traits("FLASHINFER", "0.19.1").heads == (64, 128, 256)
    assert registry.backend_traits("FLEX_ATTENTION", "0.19.1").kv_types == ("auto", "float16", "bfloat16")
    assert registry.backend_traits("FLASH_ATTN", "0.9.2") == registry.Traits()


def test_methods_take_types_of_activations() -> None:
    assert registry.activation_types("awq", ["0.9.2"]) == {"float16"}
    assert registry.activation_types("awq", ["0.33.0"]) == {"bfloat16", "float16"}
    assert registry.activation_types("own", ["0.33.0"]) == frozenset()
    assert registry.has_method("aqlm", "0.9.2")
    assert not registry.has_method("aqlm", "0.10.2")
