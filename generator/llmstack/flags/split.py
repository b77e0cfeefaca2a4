"""An argument list as flags with their values, and the sizes of parallelism that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from llmstack.flags.catalogue import Catalogue, newest
from llmstack.flags.parse import NEGATIVE_NUMBER, parse_arguments


class Given(Struct, frozen=True):
    """One flag of an argument list: its canonical name, its values, and where it is.

    A word that belongs to no flag has the name "". With a catalogue, a negation has the flag's own name and
    the value `false`.
    """

    name: str
    values: tuple[str, ...]
    index: int

    @property
    def value(self) -> str | None:
        """The values in one string; None where there is none."""
        return " ".join(self.values) if self.values else None


class ParallelSizes(Struct, frozen=True):
    """How many workers one engine is made of; None where the argument is no number (`$(TP)`).

    `data_local` is how many data-parallel engines this pod runs; None too where the flag is not given,
    which means all of `data` (ParallelConfig, vllm/config/parallel.py), save that one which is told its rank is
    alone in its pod (`EngineArgs.create_engine_config`, vllm/engine/arg_utils.py: an external load balancer).
    """

    tensor: int | None = 1
    pipeline: int | None = 1
    data: int | None = 1
    data_local: int | None = None
    prefill_context: int | None = 1
    nodes: int | None = 1


SIZES = {
    "--tensor-parallel-size": "tensor",
    "--pipeline-parallel-size": "pipeline",
    "--data-parallel-size": "data",
    "--data-parallel-size-local": "data_local",
    "--prefill-context-parallel-size": "prefill_context",
    "--nnodes": "nodes",
}
ALONE = frozenset(("--data-parallel-rank", "--data-parallel-external-lb"))
"""Flags of an engine whose data-parallel peers are in other pods."""


def split_flags(arguments: Sequence[str], catalogue: Catalogue | None = None) -> Sequence[Given]:
    """Each flag of `arguments` with its values, in order.

    Without a catalogue a flag takes the words up to the next flag, and underscores in its name become
    dashes; a word that begins with a dash and is no number is a flag. With one, names are resolved
    (aliases, abbreviations, negations) and flags without values leave the next word alone.
    """
    return split_plainly(arguments) if catalogue is None else split_by(tuple(arguments), catalogue)


@lru_cache(maxsize=4096)
def split_by(arguments: tuple[str, ...], catalogue: Catalogue) -> tuple[Given, ...]:
    """`split_flags` with a catalogue."""
    given = []
    for use in parse_arguments(arguments, catalogue):
        words = tuple(value.text for value in use.values)
        if use.flag is None:
            given.append(Given("" if use.written == arguments[use.index] in words else use.written, words, use.index))
        else:
            name = f"{use.flag.name}.{use.path}" if use.path else use.flag.name
            given.append(Given(name, ("false",) if use.negated and not words else words, use.index))
    return tuple(given)


def split_plainly(arguments: Sequence[str]) -> list[Given]:
    """`split_flags` without a catalogue."""
    given: list[Given] = []
    for index, text in enumerate(arguments):
        if text.startswith("-") and len(text) > 1 and not NEGATIVE_NUMBER.fullmatch(text) and not text[1:2].isspace():
            name, equals, value = text.partition("=")
            head, dot, path = name.partition(".")
            head = "--" + head[2:].replace("_", "-") if head.startswith("--") else head
            given.append(Given(head + dot + path, (value,) if equals else (), index))
        elif given and given[-1].name and "=" not in arguments[given[-1].index]:
            given[-1] = Given(given[-1].name, (*given[-1].values, text), given[-1].index)
        else:
            given.append(Given("", (text,), index))
    return given


def parallel_sizes(arguments: Sequence[str], catalogue: Catalogue | None = None) -> ParallelSizes:
    """The sizes that `vllm serve` arguments ask for, the last of each; 1, vLLM's default, for the others."""
    sizes: dict[str, int | None] = {}
    for flag in split_flags(arguments, catalogue or newest()):
        if flag.name in SIZES and flag.values:
            text = flag.values[-1]
            sizes[SIZES[flag.name]] = int(text) if text.strip().isdecimal() else None
        elif flag.name in ALONE:
            sizes["data_local"] = 1
    return ParallelSizes(**sizes)
