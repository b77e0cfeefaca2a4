"""What callers are refused from now on: without a key, beyond a length, with what the engine no longer takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.engine.settings import is_on, read_number
from llmstack.kubernetes.pods import Identity
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import Side, station_of
from llmstack.review.ways_in.way import CALLERS, Station

_LENGTH = "--max-model-len"

_TAKEN: Mapping[str, str] = {
    "--enable-auto-tool-choice": "requests with tools that leave the choice to the model are refused",
    "--enable-lora": "requests for its LoRA adapters are refused",
    "--enable-prompt-embeds": "requests with embedded prompts are refused",
}
"""By a flag of vLLM that lets requests of a kind in: what becomes of them without it (vllm/entrypoints/openai)."""
_SERVES: Mapping[str, str] = {"--runner": "auto", "--convert": "auto", "--task": "auto"}
"""Flags that decide whether an engine answers, embeds or ranks, with their defaults (vLLM, ModelConfig)."""


def changed_keys(old: Mapping[Identity, Backend], new: Mapping[Identity, Backend], side: Side) -> Iterator[Break]:
    """Yield what becomes of callers where engines ask for an API key that they did not ask for: one break for all.

    vLLM answers 401 to a request below /v1 without it (vllm/entrypoints/openai, `AuthenticationMiddleware`), and the
    router passes on what the caller sent.
    """
    both = [(old[identity], new[identity]) for identity in sorted(old.keys() & new.keys())]
    changed = [pair for pair in both if not pair[1].is_router and pair[0].api_key != pair[1].api_key]
    added = [now for then, now in changed if then.api_key is None]
    swapped = [now for then, now in changed if then.api_key is not None and now.api_key is not None]
    for engines, message, milder in (
        (added, "callers that send no API key are answered 401 as soon as each engine has restarted", False),
        (swapped, "callers that send the API key of before are answered 401 unless the new Secret holds it too", True),
    ):
        if engines:
            front = [backend for backend in side.front if backend.is_router][:1]
            ends = front[0] if front else engines[0]
            called = Station("engine", engines[0].key if len(engines) == 1 else f"{len(engines)} engines")
            way = (*map(station_of, front), called) if front else (CALLERS, called)
            advice = "Give every caller the key before the merge."
            yield Break(ends.key, message, advice, milder=milder, stations=way)


def shorter_requests(old: Mapping[Identity, Backend], new: Mapping[Identity, Backend]) -> Iterator[Break]:
    """Yield the engines that refuse requests which they took before: those longer than a smaller --max-model-len."""
    for identity in sorted(old.keys() & new.keys()):
        before, after = (read_number(side[identity].flags.get(_LENGTH, "")) for side in (old, new))
        if before is not None and after is not None and after < before:
            message = f"requests of more than {after:,} tokens are refused from now on ({before:,} before)"
            advice = "Let callers know, or keep the length."
            path = f"spec.template.spec.containers[vllm].args[{_LENGTH}]"
            yield Break(new[identity].key, message, advice, milder=True, path=path)


def other_requests(old: Mapping[Identity, Backend], new: Mapping[Identity, Backend]) -> Iterator[Break]:
    """Yield the engines that no longer take a kind of request, or serve for something else altogether."""
    for identity in sorted(old.keys() & new.keys()):
        before, after = old[identity].flags, new[identity].flags
        for flag, refused in _TAKEN.items():
            if is_on(before, flag) and not is_on(after, flag) and not new[identity].is_router:
                path = f"spec.template.spec.containers[vllm].args[{flag}]"
                yield Break(new[identity].key, f"{refused} from now on", _LET_KNOW, milder=True, path=path)
        for flag, default in _SERVES.items():
            sides = before.get(flag, default), after.get(flag, default)
            if sides[0] != sides[1] and not new[identity].is_router:
                message = f"the engine serves other requests from now on: `{flag}` {sides[0]} → {sides[1]}"
                path = f"spec.template.spec.containers[vllm].args[{flag}]"
                yield Break(new[identity].key, message, _LET_KNOW, milder=True, path=path)


_LET_KNOW = "Let callers know, or keep the flag."
