"""A longest request over what the model is made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.engine.exact.fault import Fault
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import AUTO_LENGTH, Settings

ALLOWS = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
OTHERWISE = frozenset(("--hf-overrides", "--rope-scaling", "--rope-theta", "--config", "--hf-config-path"))
"""Flags that give the model another length than its config.json does."""


def too_long(facts: ModelFacts, settings: Settings, variables: Mapping[str, str | None]) -> Iterator[Fault]:
    """Yield a length over the model's (`_get_and_verify_max_len`, vllm/config/model.py).

    `variables` are those of the engine; the value of one that comes from elsewhere is None.
    """
    length, context = settings.length, facts.context
    given = {name.partition(".")[0] for name in settings.unread}
    if not context or not length or length <= context or length == AUTO_LENGTH or _allowed(variables):
        return
    if not OTHERWISE & given:
        message = f"--max-model-len {length} is over the model's {context}"
        yield Fault("length", message, f"at most {context} (or {ALLOWS}=1)")


def _allowed(variables: Mapping[str, str | None]) -> bool:
    """Whether longer requests are allowed, or nobody can say (vllm/envs.py: only `1` and `true` allow them)."""
    if ALLOWS not in variables:
        return False
    value = variables[ALLOWS]
    return value is None or value.strip().lower() in ("1", "true")
