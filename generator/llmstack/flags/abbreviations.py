"""Flags that are not written in full: argparse takes the beginning of one flag for that flag (`allow_abbrev`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec.structs import replace

from llmstack.finding import Severity
from llmstack.flags.catalogue import Catalogue
from llmstack.flags.length import of_any_length
from llmstack.flags.parse import flag_name, parse_arguments
from llmstack.flags.problem import FlagProblem
from llmstack.flags.unknown import explain_history


def find_abbreviated(
    arguments: Sequence[str], catalogue: Catalogue, others: Iterable[Catalogue] = ()
) -> tuple[FlagProblem, ...]:
    """The beginnings of flags, as notes; as warnings those that once were flags of another meaning.

    `others` are further catalogues that may be the right one: nothing is said of a name that one of them has.
    """
    return _find_once(of_any_length(tuple(arguments)), (catalogue, *others))


@lru_cache(maxsize=4096)
def _find_once(arguments: tuple[str, ...], catalogues: tuple[Catalogue, ...]) -> tuple[FlagProblem, ...]:
    """The same for the first of the catalogues, remembered: many models have the same arguments."""
    return tuple(_find(arguments, catalogues))


def _find(arguments: tuple[str, ...], catalogues: tuple[Catalogue, ...]) -> Iterator[FlagProblem]:
    for use in parse_arguments(arguments, catalogues[0]):
        name = flag_name(use.written).partition(".")[0]
        whole = use.option or name
        is_short = name.startswith("--") and whole.startswith(name) and whole != name
        if is_short and not any(name in catalogue.spellings for catalogue in catalogues):
            message = f"`{use.written}` is an abbreviation: vLLM reads it as `{whole}`"
            help = f"write `{whole}`: a release with another flag that begins so refuses the short form"
            short = FlagProblem("abbreviated-flag", use.written, use.index, message, help, Severity.NOTE)
            once = explain_history(use, name, catalogues[0])
            yield replace(once, severity=Severity.WARNING) if once else short
