"""A longest request over what the model is made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmstack.engine.config_json import LENGTHS, UNSCALED_ROPE
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.configs import read_object
from llmstack.engine.exact.fault import Fault
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import LARGEST
from llmstack.engine.settings import AUTO_LENGTH, Flags, Settings

ALLOWS = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
ELSEWHERE = frozenset(("--config", "--hf-config-path"))
"""Flags that name a file, which may give the model another length than its config.json does."""
OVERRIDES = ("--hf-overrides", "--rope-scaling")
"""Flags whose JSON replaces keys of config.json."""
UNKNOWN: Minor = (0, 0)
"""A release that nobody can tell."""
YARN_SCALED: Minor = (0, 30)
"""From here `max_position_embeddings` is taken to be scaled where the rotary embeddings are by YaRN; before, it is the
original length times the factor."""
YARN = frozenset(("yarn", "deepseek_yarn", "deepseek_llama_scaling"))
ORIGINAL = "original_max_position_embeddings"


def too_long(
    facts: ModelFacts, settings: Settings, given: Flags, variables: Mapping[str, str | None], release: Minor
) -> Iterator[Fault]:
    """Yield a length over the model's (`_get_and_verify_max_len`, vllm/config/model.py).

    `variables` are those of the engine; the value of one that comes from elsewhere is None.
    """
    length, context = settings.length, facts.context
    if not context or not length or length == AUTO_LENGTH or _allowed(variables) or not ELSEWHERE.isdisjoint(given):
        return
    overriding = [flag for flag in OVERRIDES if flag in given]
    most = _overridden(facts, context, [given[flag] for flag in overriding], release) if overriding else context
    if most is not None and length > most:
        whose = f"the {most} of {overriding[0]}" if overriding else f"the model's {context}"
        yield Fault("length", f"--max-model-len {length} is over {whose}", f"at most {most} (or {ALLOWS}=1)")


def _overridden(facts: ModelFacts, context: int, texts: Sequence[str | None], release: Minor) -> int | None:
    """The most that these JSON objects can make of a model's length, whether or not the release looks at each of their
    keys; None where nobody can say."""
    objects = [each for text in texts for each in _objects(read_object(text or ""))]
    lengths = [each[key] for each in objects for key in LENGTHS if key in each]
    scalings = [each for each in objects if not {"rope_type", "type", "factor"}.isdisjoint(each)]
    if not objects or (lengths and not scalings and facts.config is not None):
        return None  # unreadable, or scaled by a config.json of which the facts keep the product alone
    scaled = [each for each in scalings if not _is_unscaled(each, release)]
    factors = [each.get("factor", 1) for each in scaled]
    originals = [each[ORIGINAL] for each in scaled if ORIGINAL in each]
    if not all(type(number) in (int, float) and 0 < number < LARGEST for number in (*lengths, *factors, *originals)):
        return None
    base = max(context, *lengths) if lengths else context
    return int(max([base, *(_scaled(each, base) for each in scaled)]))


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield an object and all that it holds: those of models with encoders have `text_config`."""
    if isinstance(value, Mapping):
        yield value
        for each in value.values():
            yield from _objects(each)


def _is_unscaled(rope: Mapping[str, Any], release: Minor) -> bool:
    kind = rope.get("rope_type", rope.get("type"))
    return kind in UNSCALED_ROPE or (kind in YARN and release >= YARN_SCALED)


def _scaled(rope: Mapping[str, Any], base: float) -> float:
    is_yarn = rope.get("rope_type", rope.get("type")) == "yarn"
    return float((rope.get(ORIGINAL, base) if is_yarn else base) * rope.get("factor", 1))


def _allowed(variables: Mapping[str, str | None]) -> bool:
    """Whether longer requests are allowed, or nobody can say (vllm/envs.py: only `1` and `true` allow them)."""
    if ALLOWS not in variables:
        return False
    value = variables[ALLOWS]
    return value is None or value.strip().lower() in ("1", "true")
