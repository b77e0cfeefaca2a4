"""Values of the right type that the class behind a flag refuses: pydantic's bounds, choices and keys.

vLLM hands what its parser took to dataclasses of pydantic (vllm/config/), and what those refuse ends the start. The
tables say which fields a release's classes have, and what each may be (`registry.config_field`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from llmstack.engine import registry
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.fields import TYPES, read_float, unfit, unlike
from llmstack.engine.exact.types import is_official
from llmstack.engine.settings import Flags, read_number
from llmstack.flags import Catalogue
from llmstack.flags.release import read_release

SETTINGS = (
    *("ModelConfig", "CacheConfig", "ParallelConfig", "SchedulerConfig", "LoRAConfig", "LoadConfig"),
    *("ObservabilityConfig", "OffloadConfig", "UVAOffloadConfig", "MultiModalConfig", "VllmConfig"),
)
"""The classes whose fields are flags of the same name (`EngineArgs`, vllm/engine/arg_utils.py)."""
PER_PROMPT = "--limit-mm-per-prompt"
"""The flag whose JSON has a count, or an object with one, for each kind of input (`BaseDummyOptions`, vllm/config/)."""
OF_A_KIND = {"image": "ImageDummyOptions", "video": "VideoDummyOptions", "audio": "AudioDummyOptions"}
"""The class behind what that JSON has for a kind of input, beside its count."""
EARLIER = {"--kv-transfer-config": "KVTransferConfig"}
"""Classes behind flags in releases whose parser does not name them: what they register is known all the same."""
SAID_ELSEWHERE = frozenset(("--gpu-memory-utilization", "SpeculativeConfig.method", "AttentionConfig.backend"))
"""A flag, and fields, that `flags.refused` and the check of backends look at."""
FROM_CLI = (0, 9)
"""The last release in which `--compilation-config` might be a level alone (`CompilationConfig.from_cli`)."""
EXECUTORS = frozenset(("ray", "mp", "uni", "external_launcher"))
"""What `--distributed-executor-backend` may be beside the dotted name of a class (`Executor.get_class`)."""


def misconfigured(given: Flags, catalogue: Catalogue, among: Sequence[str], repository: str) -> Iterator[Fault]:
    """Yield what the classes of each of these releases refuse; `repository` is the image's, since another's plugins
    may register names of their own."""
    official = is_official(repository)
    for flag, text in given.items():
        if text and "$" not in text and flag not in SAID_ELSEWHERE:
            fault = _fault(flag, text, catalogue, tuple(among), official)
            if fault is not None:
                yield fault


@lru_cache(maxsize=1 << 12)
def _fault(flag: str, text: str, catalogue: Catalogue, among: tuple[str, ...], official: bool) -> Fault | None:
    """What each of the releases refuses of a flag's value; None where one of them takes it."""
    reasons = [_reason(flag, text, each) for each in _all_limits(flag, catalogue, among, official)]
    return Fault(flag, *reasons[0]) if reasons and reasons[0] and all(reasons) else None


class _Limits(Struct, frozen=True):
    """What a release takes for a flag: JSON that the class `owner` reads, `names` being its connectors; else a value of
    `kind` that `field` and the `names` that are registered for the flag allow.

    Of the kind `dict` is what the parser passes on whatever it is (`union_dict_and_str`, vllm/engine/arg_utils.py),
    while the class behind it has an object, empty by default.
    """

    release: str
    owner: str | None = None
    kind: str | None = None
    field: Mapping[str, Any] | None = None
    names: frozenset[str] = frozenset()


@cache
def _all_limits(flag: str, catalogue: Catalogue, among: tuple[str, ...], official: bool) -> tuple[_Limits, ...]:
    """What limits a flag's value in each of the releases; nothing where one of them takes any.

    `official`: the image is one of vLLM's own.
    """
    found = [_limits_of(flag, catalogue, each, official=official) for each in among]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else ()


def _limits_of(flag: str, catalogue: Catalogue, release: str, *, official: bool) -> _Limits | None:
    if flag == PER_PROMPT:
        return _Limits(release, field=registry.config_field("BaseDummyOptions", "count", release))
    owner = registry.config_class(flag, release) or EARLIER.get(flag)
    if owner is not None:
        return _Limits(release, owner, names=_registered("kv_connector", release, official=official))
    known = catalogue.flags.get(flag)
    if known is None or known.choices:
        return None
    if known.type == "str" and known.default == {}:
        return _Limits(release, kind="dict")
    name = flag[2:].replace("-", "_")
    field = next((facts for each in SETTINGS if (facts := registry.config_field(each, name, release))), None)
    names = _registered(flag, release, official=official)
    return _Limits(release, None, known.type, field, names) if field or names else None


def _registered(flag: str, release: str, *, official: bool) -> frozenset[str]:
    """The names of a release for a flag: a format to load, a tokenizer, an executor, a quantization, a connector; none
    where plugins may bring others."""
    if not official:
        return frozenset()
    if flag == "--distributed-executor-backend":
        return EXECUTORS
    return registry.methods(release) if flag == "--quantization" else registry.registered(flag, release)


def _reason(flag: str, text: str, limits: _Limits) -> tuple[str, str] | None:
    """What is wrong with a flag's value and what to do; None for nothing."""
    release = limits.release
    if limits.owner is not None:
        if _is_scalar(text) and read_release(release).minor > FROM_CLI:
            return f"{flag} of vLLM {release} is no {text[:40]}", TYPES["dict"]
        config = read_object(text) or {}
        return next(iter((*_wrong_keys(config, limits.owner, release, flag), *_connector(config, limits))), None)
    if flag == PER_PROMPT:
        return next(_wrong_counts(read_object(text) or {}, limits), None)
    if limits.kind == "dict":
        return None if read_object(text) is not None else (f"{flag} of vLLM {release} is no {text[:40]}", TYPES["dict"])
    if limits.field and (wanted := unfit(_value(text, limits.kind), limits.field)):
        return f"vLLM {release} refuses {flag} {text[:40]}", wanted
    # the dotted name of a class is an executor as well
    if not limits.names or text.lower() in limits.names or (limits.names is EXECUTORS and "." in text):
        return None
    return f"`{text[:40]}` is nothing that {flag} of vLLM {release} takes", _near(text, limits.names)


def _is_scalar(text: str) -> bool:
    """Whether a text is JSON, and no object (`parse_dataclass`, vllm/engine/arg_utils.py; issue 2243 of
    kubernetes-sigs/gateway-api-inference-extension); `null` says nothing."""
    try:
        return isinstance(json.loads(text), (int, float, str, list))
    except (ValueError, RecursionError):
        return False


def _wrong_counts(kinds: Mapping[str, Any], limits: _Limits) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how much of each kind of input a prompt may have, and of which size."""
    for kind, value in kinds.items():
        sizes = {key: each for key, each in value.items() if key != "count"} if isinstance(value, Mapping) else {}
        count = value.get("count") if isinstance(value, Mapping) else value
        if wanted := unfit(count, limits.field or {}):
            yield f"vLLM {limits.release} refuses this count of {PER_PROMPT}", wanted
        if owner := OF_A_KIND.get(kind):
            yield from _wrong_keys(sizes, owner, limits.release, f"`{kind}` of {PER_PROMPT}")


def _wrong_keys(config: Mapping[str, Any], owner: str, release: str, shown: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of a JSON object that a class does not have, and the values that it refuses."""
    for key, value in config.items():
        name = str(key).replace("-", "_")
        facts = registry.config_field(owner, name, release)
        if f"{owner}.{name}" in SAID_ELSEWHERE:
            continue
        if facts is None:
            if registry.is_strict(owner, release):
                yield (
                    f"vLLM {release} has no `{str(key)[:40]}` in {shown}",
                    _near(name, registry.config_fields(owner, release)),
                )
        elif "of" in facts and isinstance(value, Mapping):
            yield from _wrong_keys(value, facts["of"], release, f"`{key}` of {shown}")
        elif wanted := unlike(value, facts):
            yield f"vLLM {release} refuses this `{key}` of {shown}", wanted


def _connector(config: Mapping[str, Any], limits: _Limits) -> Iterator[tuple[str, str]]:
    """Yield a connector of keys and values that nothing brings (`KVConnectorFactory`, kv_connector/factory.py)."""
    name, known = config.get("kv_connector"), limits.names
    if isinstance(name, str) and name and known and name not in known and not config.get("kv_connector_module_path"):
        help = f"it has {', '.join(sorted(known))}; another needs kv_connector_module_path"
        yield f"vLLM {limits.release} has no KV connector `{name}`", help


def _value(text: str, kind: str | None) -> Any:
    """A flag's value as its class sees it; None for what is no number, which `bad-flag-value` says."""
    if kind == "str":
        return text
    number = read_float(text)
    if kind == "float":
        return number
    return int(number) if number is not None and number.is_integer() else read_number(text)


def _near(name: str, known: frozenset[str]) -> str:
    like = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{like[0]}`?" if like else f"it has {', '.join(sorted(known))}"


@lru_cache(maxsize=1 << 10)
def read_object(text: str) -> Mapping[str, Any] | None:
    """The JSON object of a text; None for anything else, which `bad-flag-value` says."""
    if not text:
        return None
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return config if isinstance(config, dict) else None
