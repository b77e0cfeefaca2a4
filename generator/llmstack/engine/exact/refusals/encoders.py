"""What is about pictures and sound, or about models that generate nothing (vllm/config/model.py, multimodal.py,
pooler.py)."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, says
from llmstack.engine.support import ARCHITECTURES

SHARED_CACHE, CHANNEL, RENDERERS = (
    "--mm-shm-cache-max-object-size-mb",
    "--mm-tensor-ipc",
    "--renderer-num-workers",
)
SCALES, SCALES_OUT = "--mm-encoder-fp8-scale-path", "--mm-encoder-fp8-scale-save-path"
POOLER = "--pooler-config"
PROCESSING = "--mm-processor-kwargs"
DEVICES = frozenset(
    (
        *(
            "cpu",
            "cuda",
            "meta",
            "mps",
            "xpu",
            "hpu",
            "mtia",
            "maia",
            "xla",
            "lazy",
            "vulkan",
            "ipu",
            "ideep",
            "opengl",
        ),
        *("opencl", "mkldnn", "hip", "fpga", "ort", "ve", "privateuseone"),
    )
)
"""Kinds of devices that `torch.device` knows."""
SHM_DEFAULT = 128
"""`--mm-shm-cache-max-object-size-mb` where nothing says one (vllm/config/multimodal.py)."""
NOTHING = ("", "{}", "null", "false")
"""Texts of a flag that come to nothing."""
SPAWNED = "VLLM_WORKER_MULTIPROC_METHOD"
ENCODERS = frozenset(
    f"{name}{task}"
    for name in ("Bert", "Roberta", "XLMRoberta", "ModernBert")
    for task in ("Model", "ForSequenceClassification", "ForTokenClassification")
)
"""Architectures that generate no text."""
WITHOUT_POOLING = frozenset(
    f"{name}ForCausalLM"
    for name in ("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen2Moe", "Qwen3Moe", "Gemma2", "Gemma3", "GptOss")
)
"""Architectures whose class generates and does not pool (`is_pooling_model`, model_executor/models/)."""


def _sees(line: Line) -> bool:
    return line.facts is not None and line.facts.has_vision


def _idle_shared_cache(line: Line) -> bool:
    size = line.number(SHARED_CACHE)
    given = size is not None and size != SHM_DEFAULT and line.text("--mm-processor-cache-type") != "shm"
    return given and _sees(line)


def _renders_with_cache(line: Line) -> bool:
    cached = line.text("--mm-processor-cache-gb") not in ("0", "0.0")
    return (line.number(RENDERERS) or 1) > 1 and cached and _sees(line)


def _shares_over_gpus(line: Line) -> bool:
    return says(CHANNEL, "torch_shm")(line) and line.settings.gpus > 1 and _sees(line)


def _shares_without_spawn(line: Line) -> bool:
    elsewhere = SPAWNED in line.variables and line.variables[SPAWNED] in (None, "spawn")
    return says(CHANNEL, "torch_shm")(line) and not elsewhere and _sees(line)


def _scales_nothing(line: Line) -> bool:
    return not says("--mm-encoder-attn-dtype", "fp8")(line)


def _hears_nothing(line: Line) -> bool:
    """Whether the model has text alone for certain."""
    return line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.has_vision


def _generates_nothing(line: Line) -> bool:
    return says("--runner", "generate")(line) and line.facts is not None and line.facts.architecture in ENCODERS


def _captures_no_encoder(line: Line) -> bool:
    captures = line.object("--compilation-config").get("cudagraph_mm_encoder") is True
    return line.is_on("--language-model-only") and captures and _sees(line)


def _pools_twice(key: str) -> Callable[[Line], bool]:
    """Whether `pooling_type` is given beside the key that says it of sequences, or of tokens."""

    def holds(line: Line) -> bool:
        config = line.object(POOLER)
        return bool(config.get("pooling_type")) and config.get(key) is not None

    return holds


def _says_twice(former: str, key: str) -> Callable[[Line], bool]:
    """Whether a key of the pooler is given beside the one that it is called by today."""

    def holds(line: Line) -> bool:
        config = line.object(POOLER)
        return config.get(former) is not None and config.get(key) is not None

    return holds


def _pools_nothing(line: Line) -> bool:
    """Whether a model that generates is to pool, and not to be made one that does."""
    asked = says("--runner", "pooling")(line) and says("--convert", "none")(line)
    return asked and line.facts is not None and line.facts.architecture in WITHOUT_POOLING


def _renders_what_pools(line: Line) -> bool:
    return says("--runner", "pooling")(line) and _renders_with_cache(line)


def _is_text_alone(line: Line) -> bool:
    plain = line.facts is not None and line.facts.architecture in ARCHITECTURES
    return plain and not _sees(line)


def _processes(line: Line) -> str | None:
    """The device on which inputs are to be processed; None where none is named."""
    named = line.object(PROCESSING).get("device")
    return named if isinstance(named, str) and _sees(line) else None


def _is_no_device(line: Line) -> bool:
    device = _processes(line)
    return device is not None and device.partition(":")[0] not in DEVICES


def _shares_its_gpu(line: Line) -> bool:
    """Whether inputs are to be processed on the GPU of a model that answers as well."""
    return (_processes(line) or "").startswith("cuda") and "--ec-transfer-config" not in line.given


def _limits_texts(flag: str) -> Refusal:
    """A flag about pictures and sound, for a model that reads texts alone (`ModelConfig._init_multimodal_config`)."""
    field = flag[2:].replace("-", "_")
    return Refusal(f"`{field}` is only supported for", flag,
                   lambda line: _is_text_alone(line) and (line.is_on(flag) or line.text(flag) not in NOTHING),
                   f"{flag} for a model that reads texts alone", "leave it out")  # fmt: skip


REFUSALS: tuple[Refusal, ...] = (
    Refusal("'mm_shm_cache_max_object_size_mb' should only be set when", SHARED_CACHE, _idle_shared_cache,
            f"{SHARED_CACHE} for this cache", "--mm-processor-cache-type shm"),
    Refusal("multimodal processor cache enabled. The cache is", RENDERERS, _renders_with_cache,
            f"{RENDERERS} over 1 with a cache of processed inputs", "--mm-processor-cache-gb 0, or one worker"),
    Refusal("mm_tensor_ipc='torch_shm' is not supported with", CHANNEL, _shares_over_gpus,
            f"{CHANNEL} torch_shm on more than one GPU", "leave it out"),
    Refusal("torch_shm is known to fail without", CHANNEL, _shares_without_spawn,
            f"{CHANNEL} torch_shm without {SPAWNED}", f"{SPAWNED}=spawn"),
    *(Refusal("'mm_encoder_fp8_scale_save_path' require ", flag, _scales_nothing,
              f"{flag} for an encoder that does not attend in fp8", "--mm-encoder-attn-dtype fp8")
      for flag in (SCALES, SCALES_OUT)),
    Refusal("Default modality-specific LoRA(s) were provided", "--default-mm-loras", _hears_nothing,
            "--default-mm-loras for a model of text alone", "leave it out"),
    Refusal("This model does not support `--runner generate`", "--runner", _generates_nothing,
            "--runner generate for a model that generates no text", "--runner pooling"),
    Refusal("Cannot set both `pooling_type` and `seq_pooling_type`", POOLER, _pools_twice("seq_pooling_type"),
            "pooling_type beside seq_pooling_type", "one of both"),
    Refusal("Cannot set both `pooling_type` and `tok_pooling_type`", POOLER, _pools_twice("tok_pooling_type"),
            "pooling_type beside tok_pooling_type", "one of both"),
    Refusal("Cannot set both `logit_bias` and `logit_mean`", POOLER, _says_twice("logit_bias", "logit_mean"),
            "logit_bias beside logit_mean", "logit_mean"),
    Refusal("Cannot set both `logit_scale` and `logit_sigma`", POOLER, _says_twice("logit_scale", "logit_sigma"),
            "logit_scale beside logit_sigma", "logit_sigma"),
    Refusal("Parameter `normalize` was removed", POOLER, lambda line: "normalize" in line.object(POOLER),
            f"normalize in {POOLER}", "use_activation"),
    Refusal("logit_sigma cannot be 0", POOLER, lambda line: line.object(POOLER).get("logit_sigma") == 0,
            "a logit_sigma of 0", "any other number"),
    Refusal("This model does not support `--runner pooling`", "--convert", _pools_nothing,
            "--convert none for a model that generates, with --runner pooling", "--convert embed"),
    Refusal("processor cache enabled for pooling models", RENDERERS, _renders_what_pools,
            f"{RENDERERS} over 1 with a cache of processed inputs, for a model that pools",
            "--mm-processor-cache-gb 0, or one worker"),
    Refusal("incompatible with cudagraph_mm_encoder=True", "--language-model-only", _captures_no_encoder,
            "--language-model-only with cudagraph_mm_encoder", "leave one of both out"),
    Refusal('Expected a torch device such as "cpu"', PROCESSING, _is_no_device,
            f"this device in {PROCESSING}", "cpu, or leave it out"),
    Refusal("Cannot run the multi-modal processor on", PROCESSING, _shares_its_gpu,
            f"a GPU as device in {PROCESSING} for an engine that answers as well", "cpu, or leave it out"),
    Refusal("cannot be used with 'mm_encoder_fp8_scale_path'", SCALES_OUT,
            lambda line: bool(line.text(SCALES)) and bool(line.text(SCALES_OUT)),
            f"{SCALES_OUT} beside {SCALES}", "one of both"),
    _limits_texts("--limit-mm-per-prompt"),
    _limits_texts(PROCESSING),
    _limits_texts("--disable-mm-preprocessor-cache"),
)  # fmt: skip
"""In the order in which they are said."""
