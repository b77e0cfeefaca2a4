"""Makes the catalogue of models that comes with the package, from config.json files that Python packages carry.

    python tools/make_models.py --configs aiconfigurator_core-0.12.0-….whl tt_metal-594ef4bb66fd/ \\
        fastllm-f8f04c33abb6/ … \\
        --litgpt litgpt-0.5.13-….whl --transformers transformers-4.57.6-….whl --kaito …/kaito-project/kaito@v0.11.0 \\
        -o generator/llmstack/schemas/models/catalogue.json

Wheels are read as archives and not installed. `--configs` hold `model_configs/<org>--<name>_config.json` files, which
are read as `llmstack learn model` reads a folder; `--litgpt` holds a table of architectures, whose entries are turned
into such files first (its module is evaluated: use a wheel that you trust), with what `--transformers` gives where a
config.json is silent; `--kaito` is a Go module with a catalogue that says less. Where several know a model, the
config.json counts, then litgpt. generator/llmstack/schemas/models/README.md says what the catalogue is for.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import types
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from llmstack import yamlio
from llmstack.engine.bound import least_known
from llmstack.engine.catalogue import AT_LEAST
from llmstack.engine.facts import Groups, ModelFacts
from llmstack.engine.facts_file import data_of
from llmstack.engine.learned import learn
from llmstack.engine.memory import GIB

CONFIG = re.compile(r"(?:.*/)?model_configs/(?P<model>.+)_config\.json\Z")
SIDE_SUFFIX = "_hf_quant_config.json"

ARCHITECTURES: tuple[tuple[str, str], ...] = (
    (r"meta-llama/|nvidia/Llama-3\.1-Nemotron-70B|deepseek-ai/DeepSeek-R1-Distill-Llama", "LlamaForCausalLM"),
    (r"codellama/CodeLlama-(7b|34b)|tiiuae/Falcon3|HuggingFaceTB/SmolLM2|TinyLlama/", "LlamaForCausalLM"),
    (r"mistralai/Mistral-(7B.*-v0\.[23]|7B-v0\.3|Large)", "MistralForCausalLM"),
    (r"mistralai/Mixtral", "MixtralForCausalLM"),
    (r"Qwen/(Qwen2\.5|QwQ)", "Qwen2ForCausalLM"),
    (r"Qwen/Qwen3-(30B-A3B|235B)", "Qwen3MoeForCausalLM"),
    (r"Qwen/Qwen3", "Qwen3ForCausalLM"),
    (r"google/gemma-[27]b|google/codegemma", "GemmaForCausalLM"),
    (r"google/gemma-2-", "Gemma2ForCausalLM"),
    (r"google/gemma-3-1b", "Gemma3ForCausalLM"),
    (r"google/gemma-3-(4|12|27)b", "Gemma3ForConditionalGeneration"),
    (r"microsoft/phi-4\Z|microsoft/Phi-(3-mini-128k|3\.5-mini|4-)", "Phi3ForCausalLM"),
    (r"allenai/OLMo-2-", "Olmo2ForCausalLM"),
)
"""The architecture of litgpt's entries that are taken over, by name; all others are left out."""

TIED = re.compile(
    r"google/|microsoft/Phi-4-mini|meta-llama/Llama-3\.2-[13]B|HuggingFaceTB/SmolLM2|Qwen/Qwen2\.5(-Coder|-Math)?-(0\.5|1\.5|3)B"
    r"|Qwen/Qwen3-(0\.6|1\.7|4)B"
)
"""Models of litgpt's table whose output layer is the embeddings: `tie_word_embeddings` of their config.json."""

CONTEXT_UNSURE = re.compile(r"Qwen/(Qwen2\.5|QwQ|Qwen3-.*-Base)|microsoft/|codellama/|tiiuae/|mistralai/Mistral-Large")
"""Entries whose `block_size` is what the model was trained for, or litgpt's default, not what its config.json says."""

CONTEXTS: tuple[tuple[str, int], ...] = (
    (r"Qwen/Qwen2\.5-(Coder-)?[\d.]+B-Instruct\Z", 32768),
    (r"google/(gemma-[27]b|codegemma-7b)", 8192),
    (r"google/gemma-3-1b", 32768),
    (r"microsoft/phi-4\Z", 16384),
    (r"microsoft/Phi-(3-mini-128k|3\.5-mini|4-mini-instruct)", 131072),
)
"""The context of a config.json by another source than litgpt. Qwen2.5: "set for context length up to 32,768 tokens"
(the models' cards); Gemma: GemmaConfig's default in transformers, and a published start at 8192 (row r012 of
tests/engine/starts.tsv); Gemma 3 1B and phi-4: the models' cards; the smaller Phi: KAITO's catalogue."""

ALIKE = {
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-V3-0324": "deepseek-ai/DeepSeek-V3",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": "Qwen/Qwen2.5-14B",
    "Qwen/Qwen3-8B-AWQ": "Qwen/Qwen3-8B",
}
"""Models of KAITO's catalogue that were made of another: what it does not say is that one's, as all that it says is."""
FORMATS = {"float-quantized", "pack-quantized", "nvfp4-pack-quantized"}
"""Formats of compressed-tensors, which that catalogue gives as the method."""
FIELDS = {
    "hiddenSize": "hidden_size",
    "numHiddenLayers": "num_hidden_layers",
    "numAttentionHeads": "num_attention_heads",
    "numKeyValueHeads": "num_key_value_heads",
    "headDim": "head_dim",
    "kvLoraRank": "kv_lora_rank",
    "qkRopeHeadDim": "qk_rope_head_dim",
    "modelTokenLimit": "max_position_embeddings",
}
"""Keys of that catalogue, by the names of a config.json."""

CORRECTED: Mapping[str, Mapping[str, Any]] = {
    "Step3p7FlashForCausalLM": {"architecture": "Step3p7ForConditionalGeneration", "context": None},
    "MiniMaxM3ForCausalLM": {"architecture": "MiniMaxM3SparseForConditionalGeneration"},
}
"""Architectures that aiconfigurator_core calls otherwise than the models' own config.json, in files that it wrote
itself: what vLLM serves them as (the examples of its tests/models/registry.py). Step's context is not 65536 but 262144,
by others who quote its config.json: left out."""

LOADED = 0.9
"""The part of a model's files that is loaded at least: layers that predict further tokens are not."""

RENAMED = (("meta-llama/Meta-Llama-3.1-", "meta-llama/Llama-3.1-"),)
"""Names that the hub has redirected since; the model is listed under both."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=Path, nargs="+", required=True, help="wheels, folders with config.json files")
    parser.add_argument("--litgpt", type=Path, required=True, help="wheel of litgpt")
    parser.add_argument("--transformers", type=Path, required=True, help="wheel of transformers")
    parser.add_argument("--kaito", type=Path, required=True, help="folder of KAITO's Go module")
    parser.add_argument("-o", "--output", type=Path, help="file to write; else standard output")
    options = parser.parse_args()
    found = {facts.model: (facts, options.litgpt) for facts in read_litgpt(options.litgpt, options.transformers)}
    for source in options.configs:
        found |= {facts.model: (facts, source) for facts in read_configs(source)}
    for model in list(found):
        for old, new in RENAMED:
            renamed = model.replace(old, new)
            found.setdefault(renamed, (replace(found[model][0], model=renamed), found[model][1]))
    known = {model: facts for model, (facts, _) in found.items()}
    for facts in read_kaito(options.kaito, known):
        other = found.setdefault(facts.model, (facts, options.kaito))
        if facts.least is not None and facts.least.total > least_known(replace(other[0], least=None)).total:
            found[facts.model] = (replace(other[0], least=facts.least), other[1])
    lines = [f"  {json.dumps(entry(*found[model]), separators=(', ', ': '))}" for model in sorted(found)]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def entry(facts: ModelFacts, source: Path) -> dict[str, Any]:
    """One line of the catalogue: the facts, and the release of the package that they are from."""
    name, version = re.split("[-@]", source.name)[:2]
    least = {AT_LEAST: facts.least.total} if facts.least else {}
    return data_of(facts) | least | {"source": f"{name} {version}"}


def read_configs(source: Path) -> Iterator[ModelFacts]:
    """Yield the facts of each config.json; a digest is not kept, since a package may have formatted its copy anew."""
    files = read_files(source)
    for name in sorted(files):
        if not name.endswith(SIDE_SUFFIX):
            side = files.get(name.removesuffix("_config.json") + SIDE_SUFFIX)
            model = CONFIG.sub(r"\g<model>", name).replace("--", "/", 1)
            facts = learn(model, None, files[name], side=side)
            yield replace(facts, config=None, **CORRECTED.get(facts.architecture, {}))


def read_files(source: Path) -> dict[str, bytes]:
    """The configurations in a wheel or a folder, by path."""
    if source.is_dir():
        paths = {path.relative_to(source).as_posix(): path for path in source.rglob("*.json")}
        return {name: path.read_bytes() for name, path in paths.items() if CONFIG.match(name)}
    with zipfile.ZipFile(source) as archive:
        return {name: archive.read(name) for name in archive.namelist() if CONFIG.match(name)}


def read_kaito(module: Path, known: Mapping[str, ModelFacts]) -> Iterator[ModelFacts]:
    """Yield the facts of the models of KAITO's catalogue: where one was made of one that is `known`, with those of the
    other, which fails where the two differ; else what the catalogue says alone."""
    text = (module / "presets/workspace/models/model_catalog.yaml").read_text(encoding="utf-8")
    for given in yamlio.load(text)["models"]:
        model, method = given["name"], given.get("quantMethod")
        config = {theirs: given[ours] for ours, theirs in FIELDS.items() if ours in given}
        config |= {"architectures": given["architectures"]}
        method = "compressed-tensors" if method in FORMATS else method
        config |= {"quantization_config": {"quant_method": method}} if method else {}
        said = replace(learn(model, None, json.dumps(config).encode()), config=None)
        if model in ALIKE:
            yield made_of(known[ALIKE[model]], said, float(given["modelFileSize"].removesuffix("Gi")))
        else:
            size = LOADED * float(given["modelFileSize"].removesuffix("Gi")) * GIB
            yield replace(said, weights=None, least=Groups(embeddings=int(size)))


def made_of(base: ModelFacts, said: ModelFacts, size: float) -> ModelFacts:
    """The facts of a model that was made of another, whose files have so many GiB: those of the other, its own context,
    and no weights where they were quantized since."""
    for name in ("hidden", "layers", "heads", "kv_heads"):
        assert getattr(base.sizes, name) == getattr(said.sizes, name), (said.model, name)
    assert base.architecture == said.architecture, said.model
    made = replace(base, model=said.model, context=said.context)
    if said.quantization and base.quantization is None:
        return replace(made, weights=None, quantization=said.quantization)
    assert base.weights is not None, said.model
    beside = size - base.weights.bytes / (1 << 30)  # layers that predict further tokens are not counted
    assert -0.01 < beside < 0.03 * size, (said.model, beside)
    return made


def default_of(wheel: Path, module: str, owner: str, name: str) -> int:
    """The default that a class of transformers gives a whole number of a configuration: of a field (from 5.0 on), or of
    an argument of `__init__`."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(f"transformers/models/{module}.py"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner)
    for node in ast.walk(found):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and node.value is not None:
            return int(ast.literal_eval(node.value))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            names = [argument.arg for argument in node.args.args][-len(node.args.defaults) :]
            return int(ast.literal_eval(node.args.defaults[names.index(name)]))
    raise ValueError(f"{wheel.name}: {owner} has no {name}")


def read_litgpt(wheel: Path, transformers: Path) -> Iterator[ModelFacts]:
    """Yield the facts of litgpt's entries of a known architecture.

    `vocab_size` of Gemma 3 with a vision encoder is not in its config.json, which leaves it to transformers, and litgpt
    leaves out the words of images.
    """
    words = default_of(transformers, "gemma3/configuration_gemma3", "Gemma3TextConfig", "vocab_size")
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read("litgpt/config.py")
    stubs = {name: types.ModuleType(name) for name in ("yaml", "torch", "typing_extensions")}
    stubs["typing_extensions"].Self = object  # type: ignore[attr-defined]
    sys.modules.update({name: module for name, module in stubs.items() if name not in sys.modules})
    module = types.ModuleType("litgpt_config")
    sys.modules["litgpt_config"] = module
    exec(compile(source, "litgpt/config.py", "exec"), module.__dict__)
    for given in module.configs:
        named = given["hf_config"]
        model = f"{named['org']}/{named['name']}"
        architecture = next((kind for pattern, kind in ARCHITECTURES if re.match(pattern, model)), None)
        if architecture:
            config = as_config(model, architecture, module.Config(**given))
            config |= {"vocab_size": words} if architecture == "Gemma3ForConditionalGeneration" else {}
            yield replace(learn(model, None, json.dumps(config).encode()), config=None)


def as_config(model: str, architecture: str, given: Any) -> dict[str, Any]:
    """An entry of litgpt's table as a config.json has it."""
    config: dict[str, Any] = {
        "architectures": [architecture],
        "vocab_size": given.padded_vocab_size,
        "hidden_size": given.n_embd,
        "intermediate_size": given.intermediate_size,
        "num_hidden_layers": given.n_layer,
        "num_attention_heads": given.n_head,
        "num_key_value_heads": given.n_query_groups,
        "head_dim": given.head_size,
        "tie_word_embeddings": bool(TIED.match(model)),
        "torch_dtype": "bfloat16",
    }
    said = next((context for pattern, context in CONTEXTS if re.match(pattern, model)), None)
    if said or not CONTEXT_UNSURE.match(model):
        config["max_position_embeddings"] = said or given.block_size
    if given.n_expert:
        config |= {"num_experts": given.n_expert, "num_experts_per_tok": given.n_expert_per_token}
        config["moe_intermediate_size"] = given.moe_intermediate_size or given.intermediate_size
    if architecture == "Gemma2ForCausalLM":
        config |= {"model_type": "gemma2", "sliding_window": given.sliding_window_size}
    if architecture.startswith("Gemma3"):
        config |= {"model_type": "gemma3_text", "sliding_window": given.sliding_window_size}
    return config


if __name__ == "__main__":
    sys.exit(main())
