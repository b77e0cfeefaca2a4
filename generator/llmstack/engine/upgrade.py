"""What another vLLM release changes for an engine: flags that go, defaults that move, behaviour that no flag shows.

Flags and defaults are compared in the catalogues of both releases, names in the registries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from llmstack.engine.behaviour import BEHAVIOUR, Behaviour
from llmstack.engine.defaults import NEW_RUNNER_SERVES, Minor, on_new_runner
from llmstack.engine.registry import Table, config_class, config_fields, is_strict, names_between
from llmstack.flags.catalogue import Catalogue, changes
from llmstack.flags.environment import REPLACED_BY

ItemKind = Literal["default", "removed", "deprecated", "behaviour"]


class Item(Struct, frozen=True):
    """One change; `flag` is empty where none is concerned, `since` the first catalogue or minor that has it.

    `breaks`: it is known to end a start, to cut requests or to silence what reads it.
    """

    kind: ItemKind
    flag: str
    before: str
    after: str
    since: str
    text: str
    breaks: bool = False


def compare_releases(
    before: Catalogue, after: Catalogue, used: Collection[str] | None, architecture: str = "", *, dense: bool = True
) -> tuple[Item, ...]:
    """What changes from one release to another for an engine that is given the flags `used` (None: any engine)."""
    if before.version == after.version:
        return ()
    items = [*_flags(before, after, used), *_keys(before, after, used)]
    items += [item for item in _defaults(before, after) if used is None or _concerns(item.flag, used)]
    items += _behaviour(before.release.minor, after.release.minor, used)
    if used is None:
        items += [*_names(before, after), *_served(before.release.minor, after.release.minor)]
    if architecture:
        items += _runner(before.release.minor, after.release.minor, architecture, dense=dense)
    return tuple(items)


def _flags(before: Catalogue, after: Catalogue, used: Collection[str] | None) -> Iterator[Item]:
    """Yield flags that go, and flags that are deprecated since."""
    for name, flag in before.flags.items():
        if used is not None and name not in used:
            continue
        now = after.spellings.get(name)
        if now is None:
            change = changes().get(name)
            instead = f": {change.replaced_by} takes its place" if change and change.replaced_by else ""
            since = _since(before, after)
            yield Item("removed", name, "accepted", "refused", since, f"{name} is gone{instead}.", used is not None)
        elif now.flag.deprecated and not flag.deprecated:
            yield Item("deprecated", name, "", "deprecated", after.version, f"{name} is deprecated.")


def _keys(before: Catalogue, after: Catalogue, used: Collection[str] | None) -> Iterator[Item]:
    """Yield keys of flags that take JSON which the class behind them does not have any more, and refuses."""
    for name in before.flags:
        owner = config_class(name, after.version) if used is None or name in used else None
        if owner is None or not is_strict(owner, after.version):
            continue
        gone = sorted(config_fields(owner, before.version) - config_fields(owner, after.version))
        if gone:
            text = f"{name} refuses {', '.join(f'`{key}`' for key in gone)}, which it took."
            yield Item("behaviour", name, "accepted", "refused", _since(before, after), text)


ONLY_WITH: Mapping[str, str] = {
    "--all2all-backend": "--enable-expert-parallel",
    "--api-server-count": "--data-parallel-size",
    "--data-parallel-": "--data-parallel-size",
    "--disable-nccl-for-dp-synchronization": "--data-parallel-size",
    "--eplb-": "--enable-eplb",
    "--kv-offloading-": "--kv-offloading-size",
    "--lora-": "--enable-lora",
    "--max-cpu-loras": "--enable-lora",
    "--max-lora": "--enable-lora",
    "--num-redundant-experts": "--enable-eplb",
    "--ssl-": "--ssl-certfile",
}
"""Beginnings of flags that mean nothing to an engine without another one (their help in vllm/engine/arg_utils.py, and
vllm/entrypoints/cli/serve.py: the API servers that nobody counts are as many as data parallel replicas)."""


def _concerns(name: str, used: Collection[str]) -> bool:
    """Whether the default of a flag means something to an engine that is given the flags `used`: one that is set, or
    needs a flag that is not, does not, nor does that of `--model`, as every engine names one, most without the flag."""
    needed = (other for beginning, other in ONLY_WITH.items() if name.startswith(beginning))
    return name not in (*used, "--model") and all(other in used for other in needed)


@cache
def _defaults(before: Catalogue, after: Catalogue) -> tuple[Item, ...]:
    """The defaults that move from one release to another."""
    found = []
    for name, flag in before.flags.items():
        now = after.flags.get(name)
        if now is None:
            continue
        was, becomes = _meant(name, flag.default, before), _meant(name, now.default, after)
        if _is_same(name, was, becomes):
            continue
        old, new = show_default(was), show_default(becomes)
        text = f"{name} is {new} by default; it was {old}."
        found.append(Item("default", name, old, new, _since(before, after), text))
    return tuple(found)


NOTHING: tuple[Any, ...] = (None, {}, [], "")
"""Defaults that all say nothing: which of them the parser has is its own affair."""
ALWAYS: Minor = (0, 0)
UNSAID: Mapping[str, tuple[Minor, Any]] = {
    "--all2all-backend": (ALWAYS, "allgather_reducescatter"),
    "--cp-kv-cache-interleave-size": (ALWAYS, 1),
    "--dcp-comm-backend": (ALWAYS, "ag_rs"),
    "--disable-cascade-attn": (ALWAYS, True),
    "--guided-decoding-backend": (ALWAYS, "auto"),
    "--ignore-patterns": (ALWAYS, ["original/**/*"]),
    "--logprobs-mode": (ALWAYS, "raw_logprobs"),
    "--mamba-cache-mode": (ALWAYS, "none"),
    "--mm-hasher-algorithm": (ALWAYS, "blake3"),
    "--prefix-cache-retention-interval": (ALWAYS, 0),
    "--seed": ((0, 9), 0),  # of the V1 engine (`ModelConfig.__post_init__`, vllm/config/)
    "--task": (ALWAYS, "auto"),
}
"""From when on the engine itself takes what, where the parser leaves a flag to it: that of other releases says the same
(vllm/config/, vllm/envs.py)."""
OFF_ANYWAY = frozenset(
    (
        "--enable-lora",
        "--enable-prompt-adapter",
        "--enable-reasoning",
        "--guided-decoding-disable-additional-properties",
        "--guided-decoding-disable-any-whitespace",
        "--guided-decoding-disable-fallback",
    )
)
"""Switches that are off where nobody says anything, whether their default is `false` or left to the engine
(vllm/engine/arg_utils.py asks only whether they are true)."""


def _meant(name: str, default: Any, catalogue: Catalogue) -> Any:
    """A default, or what the engine takes where the parser has none."""
    since, value = UNSAID.get(name, (ALWAYS, default))
    return value if default in NOTHING and catalogue.release.minor >= since else default


def _is_same(name: str, old: Any, new: Any) -> bool:
    """Whether two defaults of a flag mean one thing."""
    off = name in OFF_ANYWAY and not old and not new
    return old == new or off or (old in NOTHING and new in NOTHING)


def _behaviour(before: Minor, after: Minor, used: Collection[str] | None) -> Iterator[Item]:
    """Yield what changes without a flag; on the way back, what does no longer hold."""
    low, high = sorted((before, after))
    for each in BEHAVIOUR:
        if low < each.since <= high and _is_felt(each, used):
            since = f"{each.since[0]}.{each.since[1]}"
            text = each.text if after > before else f"No longer so: {each.text}"
            yield Item("behaviour", each.flag, "", "", since, text, each.breaks)


def _is_felt(change: Behaviour, used: Collection[str] | None) -> bool:
    if used is None:
        return True
    settled = change.flag and change.flag in used
    return not settled and (not change.beside or change.beside in used)


NAMES: tuple[tuple[Table, str, bool], ...] = (
    ("metrics", "Metrics", False),
    ("attentionBackends", "Attention backends", False),
    ("quantizationNames", "Methods of quantization", False),
    ("speculation", "Methods of speculative decoding", False),
    ("architectures", "Architectures", True),
)
"""The tables of names that are compared: how they are called, and whether those that come are told too."""


def _names(before: Catalogue, after: Catalogue) -> Iterator[Item]:
    """Yield the names that go with a release, or come; and variables that are not read any more."""
    since = _since(before, after)
    for table, what, both in NAMES:
        gone, new = names_between(table, before.version, after.version)
        if gone:
            yield Item("behaviour", "", "", "", since, f"{what} that are gone: {', '.join(gone)}.")
        if new and both:
            yield Item("behaviour", "", "", "", since, f"{what} that are new: {', '.join(new)}.")
    unread = sorted(before.environment - after.environment)
    if unread:
        told = (f"{name} ({REPLACED_BY[name]} takes its place)" if name in REPLACED_BY else name for name in unread)
        yield Item("behaviour", "", "", "", since, f"Variables that are not read any more: {', '.join(told)}.")


def _served(before: Minor, after: Minor) -> Iterator[Item]:
    """Yield the architectures that another model runner serves, where none is said."""
    low, high = sorted((before, after))
    for since, which in NEW_RUNNER_SERVES:
        if low < since <= high:
            text = f"Model runner v2 serves {which} by default: memory and features differ."
            yield Item(
                "behaviour", "", "", "", f"{since[0]}.{since[1]}", text if after > before else f"No longer so: {text}"
            )


def _runner(before: Minor, after: Minor, architecture: str, *, dense: bool) -> Iterator[Item]:
    """Yield whether another model runner serves the architecture (`use_v2_model_runner`, vllm/config/vllm.py)."""
    old, new = (on_new_runner(architecture, dense=dense, release=release) for release in (before, after))
    if old != new:
        low, high = sorted((before, after))
        between = ((0, minor) for minor in range(low[1], high[1] + 1))
        since = next(each for each in between if on_new_runner(architecture, dense=dense, release=each))
        which = "Model runner v2 serves" if new else "Model runner v2 does no longer serve"
        text = f"{which} {architecture}: memory and features differ."
        yield Item("behaviour", "", "v2" if old else "v1", "v2" if new else "v1", f"{since[0]}.{since[1]}", text)


def _since(before: Catalogue, after: Catalogue) -> str:
    """The release that is named where catalogues between the two are not looked at."""
    return after.version if after.release.numbers > before.release.numbers else before.version


def show_default(value: Any) -> str:
    """A default as people write it; None is no default of the parser's."""
    if value is None:
        return "left to the engine"
    return str(value).lower() if isinstance(value, bool) else str(value)
