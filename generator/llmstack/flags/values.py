"""Whether a flag takes a value: its type, its choices, and the spellings that vLLM's converters accept."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable

from llmstack.flags.catalogue import Catalogue, Flag

_EXPANSION = re.compile(r"(?<!\$)(?:\$\$)*\$\([A-Za-z_.-][\w.-]*\)")
_HUMAN_INTEGER = re.compile(r"\d+(?:\.\d+)?[kmgt]|\d+[KMGT]")
_HUMAN_IN_JSON = re.compile(r"\b(\d+(?:\.\d+)?)[kKmMgGtT]\b")
_STRINGS = re.compile(r'("(?:[^"\\]|\\.)*")')
LONGEST_NUMBER = 19
"""Characters of a number that fits 64 bits."""
_SHARES = ("--gpu-memory-utilization",)
"""Fractions of a whole (vllm/config/cache.py, `Field(gt=0, le=1)`)."""
_COUNTS = ("--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size")
"""Numbers of GPUs: what vLLM divides by."""
_OVERRIDES = ("--hf-overrides",)
"""Text that is JSON where it stands in braces (`union_dict_and_str`, vllm/engine/arg_utils.py, since 0.10)."""
JSON_PAIRS_UNTIL = (0, 9)
PYTHON_LITERALS_UNTIL = (0, 8)


def reject_value(flag: Flag, text: str, catalogue: Catalogue) -> str | None:
    """Why `text` is no value of `flag`, as the end of a sentence; None when the program takes it.

    A value that Kubernetes expands, `$(PORT)`, is not known before the pod starts, and passes. So do
    `None` and the empty string where no value is the default (`optional_type`, vllm/engine/arg_utils.py).
    """
    if _EXPANSION.search(text):
        return None
    if catalogue.program == "vllm" and flag.default is None and text in ("", "None"):
        return None
    if text.lower() in flag.also or text in flag.also:
        return None
    reason = READERS[flag.type](flag, text, catalogue) if flag.type else None
    if reason or flag.choices is None:
        return reason
    return reject_choice(flag, text)


def reject_choice(flag: Flag, text: str) -> str | None:
    """Why a value of the right type is not among the choices; None when it is."""
    if flag.normalised:
        text = text.lower().replace("-", "_")
    chosen: int | float | str = text
    if flag.type in ("int", "float"):
        chosen = float(text)
    if chosen in (flag.choices or ()):
        return None
    allowed = ", ".join(f"`{choice}`" for choice in flag.choices or ())
    return f"must be one of {allowed}"


def _reject_int(flag: Flag, text: str, catalogue: Catalogue) -> str | None:
    if len(text) > LONGEST_NUMBER:
        return "must be a whole number of at most 64 bits"
    if flag.suffixes and _HUMAN_INTEGER.fullmatch(text.strip()):
        return None
    like = ", or one like `16k` or `16K`" if flag.suffixes else ""
    if not _reads(int, text):
        return f"must be a whole number{like}"
    return "must be at least 1" if flag.name in _COUNTS and int(text) < 1 else None


def _reject_float(flag: Flag, text: str, catalogue: Catalogue) -> str | None:
    if not _reads(float, text):
        return "must be a number"
    return "must be more than 0 and at most 1" if flag.name in _SHARES and not 0 < float(text) <= 1 else None


def _reject_bool(flag: Flag, text: str, catalogue: Catalogue) -> str | None:
    """0.6 and 0.7 read `true` and `false` (StoreBoolean, vllm/utils.py); `type=bool` takes any word."""
    if flag.value_required or text.lower() in ("true", "false"):
        return None
    return "must be `true` or `false`"


def _reject_json(flag: Flag, text: str, catalogue: Catalogue) -> str | None:
    """JSON, or what vLLM takes for it.

    Numbers like `80m` outside strings pass (`_expand_json_human_readable_numbers`, vllm/engine/arg_utils.py);
    so did `image=2,video=1` before 0.10 (vllm-project/vllm#20969), and Python literals for the compilation
    config until 0.8 (`CompilationConfig.from_cli`).
    """
    if _reads(json.loads, text) or ("{" in text and _reads(json.loads, _plain_numbers(text))):
        return None
    if catalogue.release.minor <= JSON_PAIRS_UNTIL and _reads(_integer_pairs, text):
        return None
    old = catalogue.release.minor <= PYTHON_LITERALS_UNTIL and flag.name == "--compilation-config"
    if old and _reads(ast.literal_eval, text):
        return None
    return f"must be JSON: {explain_json(text)}"


READERS: dict[str, Callable[[Flag, str, Catalogue], str | None]] = {
    "int": _reject_int,
    "float": _reject_float,
    "bool": _reject_bool,
    "json": _reject_json,
    "str": lambda flag, text, catalogue: _reject_text(flag, text),
}


def _reject_text(flag: Flag, text: str) -> str | None:
    braced = text.strip().startswith("{") and text.strip().endswith("}")
    if flag.name not in _OVERRIDES or not braced or _reads(json.loads, text):
        return None
    return f"must be JSON: {explain_json(text)}"


def explain_json(text: str) -> str:
    """Where a text ceases to be JSON, without any of it."""
    try:
        json.loads(text)
    except json.JSONDecodeError as problem:
        return f"{problem.msg.lower()} at column {problem.colno}"
    except ValueError:
        return "a number in it has too many digits"
    except RecursionError:
        return "it is nested too deep"
    return "it is not read"


def _plain_numbers(text: str) -> str:
    parts = _STRINGS.split(text)
    parts[::2] = [_HUMAN_IN_JSON.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)


def _integer_pairs(text: str) -> dict[str, int]:
    return {key: int(value) for key, value in (item.split("=") for item in text.split(","))}


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
