"""A type of numbers or of quantization that card, release, model or checkpoint does not go with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from llmstack.engine import registry
from llmstack.engine.cards import Card
from llmstack.engine.compressed_tensors import BLOCKS_SINCE, METHOD, SCHEMES
from llmstack.engine.exact.fault import About, Fault
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import Settings
from llmstack.flags.release import read_release

TYPES: Mapping[str, str] = {
    "half": "float16",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float": "float32",
    "float32": "float32",
}
"""What the words of `--dtype` mean; `auto` means what fits."""

NOT_HALF = frozenset(
    ("Gemma2ForCausalLM", "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration", "Glm4ForCausalLM")
)  # fmt: skip
"""Architectures that are refused in float16 from 0.9 on (`_FLOAT16_NOT_SUPPORTED_MODELS`, vllm/config/model.py)."""

RELATIVES: Mapping[str, frozenset[str]] = {
    "awq": frozenset(("awq", "awq_marlin", "auto_awq", "marlin", "moe_wna16", "cpu_awq", "humming", "inc", "ipex")),
    "gptq": frozenset(
        ("gptq", "gptq_marlin", "auto_gptq", "marlin", "moe_wna16", "gptq_bitblas", "gptq_marlin_24", "bitblas",
         "cpu_gptq", "humming", "inc", "ipex", "auto-round")
    ),
    "fp8": frozenset(("fp8", "humming", "deepseek_v4_fp8", "modelopt", "modelopt_fp4", "modelopt_mixed", "online")),
    "compressed-tensors": frozenset(("compressed-tensors", "humming", "online")),
    "bitsandbytes": frozenset(("bitsandbytes",)),
    "mxfp4": frozenset(("mxfp4", "humming")),
}  # fmt: skip
"""What `--quantization` may be beside a checkpoint of this method without being refused, in any release
(`override_quantization_method` of each class, `ModelConfig._verify_quantization`)."""

ON_REQUEST = frozenset(("humming",))
"""Relatives that serve a checkpoint only where `--quantization` names them (`override_quantization_method`,
layers/quantization/humming.py)."""

OVERRULED = {"mxfp4": "gpt_oss_mxfp4"}
"""Methods of checkpoints that a class takes over whatever `--quantization` says, where the release has it
(`override_quantization_method`, layers/quantization/mxfp4.py)."""

FROM_FILES = frozenset(
    ("awq", "awq_marlin", "auto_awq", "gptq", "gptq_marlin", "auto_gptq", "moe_wna16", "modelopt", "modelopt_fp4")
)
"""Methods that want a file of their own in the checkpoint (`get_config_filenames`), and cannot quantize one."""

ONLINE_SCALES = (0, 20)
"""The last release of which it is known that fp8 made at the start brings scales of keys and values (`Fp8Config`)."""

SERVED_AS_THEMSELVES = frozenset(("fbgemm_fp8", "fp_quant", "hqq", "deepspeedfp"))
"""Methods of checkpoints that no other one takes over."""

ALLOWS = "--allow-deprecated-quantization"
"""Without it some methods are refused from 0.14 on (`ModelConfig._verify_quantization`)."""

WITHOUT_HEIR = frozenset(("aqlm", "qqq", "hqq", "deepspeedfp"))
"""Methods of checkpoints that releases have dropped, and that no other method serves."""

PLAIN = frozenset(("bfloat16", "float16", "float32"))

BLACKWELL_SINCE = (0, 9)
"""The first release built with PyTorch 2.7, whose CUDA 12.8 is the first to know compute capability 10.0 and 12.0
(https://pytorch.org/blog/pytorch-2-7/); 0.8.5 wants torch 2.6.0."""
LEAST = (7, 0)
"""The oldest card that vLLM is built for (docker/Dockerfile, `torch_cuda_arch_list`)."""
CUDA_13_SINCE = (0, 20)
CUDA_13 = "vllm/vllm-openai"
LEAST_OF_CUDA_13 = (7, 5)
"""From 0.20 on this image is built with CUDA 13, which compiles nothing for older cards, unless its tag says `cu12`
(VLLM_MAIN_CUDA_VERSION, vllm/envs.py; https://github.com/mudler/LocalAI/issues/9948)."""
WITHOUT_INT8 = (10, 0)
OTHER_KERNELS = "VLLM_DISABLED_KERNELS"
"""From this compute capability on CUTLASS has no int8 in any of these releases, and is chosen all the same unless the
variable forbids it (docs/features/quantization/int8.md; https://github.com/vllm-project/vllm/pull/54316)."""
SPARSE = frozenset(("DeepseekV32ForCausalLM", "GlmMoeDsaForCausalLM"))
SPARSE_BACKEND, SPARSE_LEAST = "FLASHMLA_SPARSE", 90
"""Sparse latent attention, its first backend, and the least card of any: those of `is_sparse` are for compute
capability 9 and 10 in each release (`supports_compute_capability`, vllm/v1/attention/backends/mla/)."""
OFFICIAL = frozenset(("vllm/vllm-openai", "lmcache/vllm-openai"))
"""Images that are built with the PyTorch that the release wants, and without plugins."""


def is_official(repository: str) -> bool:
    """Whether an image is one of vLLM's own, however Docker's registry is written."""
    return repository.removeprefix("docker.io/") in OFFICIAL


def unfit_card(facts: ModelFacts, settings: Settings, card: Card, among: Sequence[str]) -> Iterator[Fault]:
    """Yield a type that the card does not serve: of quantization (`VllmConfig._get_quantization_config`) or bfloat16
    (`CudaPlatform.check_if_supports_dtype`)."""
    yield from _not_on_rocm(facts, settings, card, among)
    if card.capability is None:
        return
    has = card.capability[0] * 10 + card.capability[1]
    shown = f"a {card.name} has {card.capability[0]}.{card.capability[1]}"
    stored = facts.quantization.method if facts.quantization else None
    scheme = facts.quantization.scheme if facts.quantization else None
    method = settings.quantization or stored
    for what, least in (
        (method, registry.least_capability(method, among) if method else None),
        (f"{facts.model} ({scheme})", _least_of(scheme, among)),
    ):
        if least is not None and has < least:
            message = f"{what} wants compute capability {least // 10}.{least % 10}; {shown}"
            about: About = "quantization" if settings.quantization else "model"
            yield Fault(about, message, "choose another card, or a checkpoint of another type")
            break
    if (
        facts.architecture in SPARSE
        and has < SPARSE_LEAST
        and all(registry.has_backend(SPARSE_BACKEND, r) for r in among)
    ):
        what = f"the sparse attention of {facts.architecture}"
        yield Fault("model", f"{what} wants compute capability 9.0; {shown}", "choose another card")
    computes_int8 = scheme == "W8A8" and not facts.is_moe  # experts have kernels of their own
    if computes_int8 and card.capability >= WITHOUT_INT8 and OTHER_KERNELS not in settings.unread:
        message = f"{facts.model} computes in int8 (W8A8), for which vLLM has no kernel on a {card.name}"
        yield Fault("model", message, "a checkpoint in fp8, or a card before Blackwell")
    if settings.dtype == "bfloat16" and has < 80:
        yield Fault("dtype", f"bfloat16 wants compute capability 8.0; {shown}", "--dtype float16")


def _least_of(scheme: str | None, among: Sequence[str]) -> int | None:
    """The least compute capability that any class of a scheme wants; None where the releases have none of them."""
    found = SCHEMES.get(scheme or "")
    known = [registry.least_capability(each, among) for each in found.classes] if found else []
    return min((each for each in known if each is not None), default=None)


def _not_on_rocm(facts: ModelFacts, settings: Settings, card: Card, among: Sequence[str]) -> Iterator[Fault]:
    """Yield a method of quantization that no kernel of AMD's cards is for (`Platform.verify_quantization`)."""
    stored = facts.quantization.method if facts.quantization else None
    methods = {settings.quantization} if settings.quantization else RELATIVES.get(stored or "", {stored})
    known = [each for each in methods if each and registry.is_method(each)]
    served = any(registry.is_on_rocm(each, release) for each in known for release in among)
    if card.maker == "amd" and known and among and not served:
        message = f"vLLM {among[0]} does not serve {settings.quantization or stored} on a {card.name} (ROCm)"
        about: About = "quantization" if settings.quantization else "model"
        yield Fault(about, message, "a checkpoint of another method, such as fp8, or another card")


def without_code(card: Card, release: tuple[int, int], repository: str, tag: str) -> Iterator[Fault]:
    """Yield a card that an image of the release has no code for: too new for its PyTorch, or too old for its CUDA."""
    if card.capability is None or not is_official(repository):
        return
    message = f"vLLM {release[0]}.{release[1]} has no code for a {card.name}"
    cuda_13 = release >= CUDA_13_SINCE and repository.endswith(CUDA_13) and re.match(r"v?\d+\.(?!.*cu12)", tag)
    if card.capability >= (10, 0) and release < BLACKWELL_SINCE:
        yield Fault("model", message, "vLLM 0.9 or later")
    elif card.capability < LEAST:
        yield Fault("model", message, "a card of compute capability 7.0 or later")
    elif card.capability < LEAST_OF_CUDA_13 and cuda_13:
        yield Fault(
            "model",
            message,
            f"a tag that ends in -cu129, vLLM before {CUDA_13_SINCE[0]}.{CUDA_13_SINCE[1]}, or another card",
        )


def unfit_type(
    facts: ModelFacts, settings: Settings, release: tuple[int, int], among: Sequence[str]
) -> Iterator[Fault]:
    """Yield a `--dtype` that the model (`_check_valid_dtype`, vllm/config/model.py) or its quantization
    (`VllmConfig._get_quantization_config`) does not take, and fp8_e5m2 for keys and values beside weights in fp8
    (`Attention.__init__`, vllm/attention/layer.py)."""
    dtype = TYPES.get(settings.dtype)
    if dtype == "float16" and facts.architecture in NOT_HALF and release >= (0, 9):
        yield Fault("dtype", f"vLLM does not run {facts.architecture} in float16", "--dtype bfloat16 or auto")
    stored = facts.quantization.method if facts.quantization else None
    allowed = _activations(settings.quantization, stored, among)
    if dtype and allowed and dtype not in allowed:
        method = settings.quantization or stored
        yield Fault("dtype", f"{method} does not take --dtype {dtype}", f"one of {', '.join(sorted(allowed))}, or auto")
    online = stored is None and settings.quantization == "fp8" and release <= ONLINE_SCALES
    if (stored == "fp8" or online) and settings.kv_dtype == "fp8_e5m2":
        yield Fault("kv-dtype", "a KV cache of fp8_e5m2 does not go with weights in fp8", "--kv-cache-dtype fp8")


def _activations(given: str | None, stored: str | None, among: Sequence[str]) -> frozenset[str]:
    """The types that the activations may have under a method; empty where nobody can say.

    A checkpoint's method may be served by a relative, which is chosen where the flag does not say otherwise.
    """
    methods = {given} if given else RELATIVES.get(stored, {stored}) - ON_REQUEST if stored else set()
    found = [registry.activation_types(method, among) for method in methods if method]
    return frozenset().union(*found) if found else frozenset()


def mismatched(facts: ModelFacts, settings: Settings, among: Sequence[str]) -> Iterator[Fault]:
    """Yield a method of quantization that is not the checkpoint's, or that the release does not have any more
    (`ModelConfig._verify_quantization`, vllm/config/model.py; `get_quant_config`, model_loader/weight_utils.py)."""
    given, stored = settings.quantization, facts.quantization.method if facts.quantization else None
    if "--hf-overrides" in settings.unread:
        return
    overruled = any(registry.has_method(OVERRULED.get(stored or "", ""), release) for release in among)
    other = given and stored and given not in RELATIVES.get(stored, {given}) and registry.is_method(given)
    if other and not overruled:
        yield Fault("quantization", f"the checkpoint is {stored}, not {given}", "leave --quantization out")
    method = given or (stored if stored in SERVED_AS_THEMSELVES else "")
    if (
        method
        and ALLOWS not in settings.unread
        and all(method in registry.registered("deprecated", each) for each in among)
    ):
        yield Fault("quantization", f"{method} is deprecated in vLLM {among[0]}, and refused", f"{ALLOWS}, or another")
    weights = facts.weights
    if given in FROM_FILES and stored is None and weights is not None and weights.dtype in PLAIN:
        message = f"{facts.model} is not quantized, and {given} needs a checkpoint that is"
        yield Fault("quantization", message, "choose such a checkpoint, or --quantization fp8")
    if stored in WITHOUT_HEIR and among and not any(registry.has_method(stored, release) for release in among):
        yield Fault("model", f"vLLM {among[0]} does not have {stored}", "an image of a release that has it")
    scheme = facts.quantization.scheme if facts.quantization else None
    blocks = facts.quantization.block if facts.quantization and stored == METHOD else None
    early = bool(blocks) and bool(among) and all(read_release(each).minor < BLOCKS_SINCE for each in among)
    if among and stored == METHOD and scheme in SCHEMES and (early or _least_of(scheme, among) is None):
        what = f"{scheme} in blocks" if early else scheme
        yield Fault("model", f"vLLM {among[0]} does not have {what} of {METHOD}", "an image of a later release")
