"""Variables of the environment whose values end a start.

From 0.11 on the engine reads every `VLLM_*` variable once it is up (`enable_envs_cache`, vllm/envs.py), so that one
that cannot be read ends the start whoever uses it; before, it may never be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.engine import registry
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.fault import Fault

ALL_READ: Minor = (0, 11)
OVERRULED_BY: Mapping[str, set[str]] = {"VLLM_LOGGING_LEVEL": {"VLLM_CONFIGURE_LOGGING", "VLLM_LOGGING_CONFIG_PATH"}}
"""Variables that are not asked where another one is given (`_configure_vllm_root_logger`, vllm/logger.py)."""


def misread(variables: Mapping[str, str | None], among: Sequence[str], release: Minor) -> Iterator[Fault]:
    """Yield each variable that none of these releases can read; None is a value from elsewhere."""
    if release < ALL_READ:
        return
    for name, text in variables.items():
        if (
            text is None
            or "$" in text
            or not name.startswith("VLLM_")
            or OVERRULED_BY.get(name, set()) & variables.keys()
        ):
            continue
        wanted = [_wanted(name, text, each) for each in among]
        if wanted and wanted[0] and all(wanted):
            yield Fault(name, f"vLLM {among[0]} cannot read the value of {name}", wanted[0])


def _wanted(name: str, text: str, release: str) -> str | None:
    """What a variable has to be where its text is not that; None where it is, or any text does."""
    facts = registry.variable(name, release)
    if facts.get("number"):
        return None if _is_number(text) else "a whole number: 1 for on, 0 for off"
    choices = facts.get("choices") or [text]
    known = {each.lower() for each in choices} if facts.get("folded") else set(choices)
    return None if (text.lower() if facts.get("folded") else text) in known else f"one of {', '.join(choices)}"


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
