"""Flags that are not written in full: argparse takes the beginning of one flag for that flag (`allow_abbrev`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from llmstack.finding import Severity
from llmstack.flags.catalogue import Catalogue
from llmstack.flags.parse import flag_name, parse_arguments
from llmstack.flags.problem import FlagProblem
from llmstack.flags.unknown import explain_history


def find_abbreviated(
    arguments: Sequence[str], catalogue: Catalogue, others: Iterable[Catalogue] = ()
) -> Iterator[FlagProblem]:
    """Yield the beginnings of flags, as notes; as warnings those that once were flags of another meaning.

    `others` are further catalogues that may be the right one: nothing is said of a name that one of them has.
    """
    names = frozenset().union(*(other.spellings for other in (catalogue, *others)))
    for use in parse_arguments(arguments, catalogue):
        name = flag_name(use.written).partition(".")[0]
        whole = use.option or name
        if name.startswith("--") and name not in names and whole.startswith(name) and whole != name:
            message = f"`{use.written}` is an abbreviation: vLLM reads it as `{whole}`"
            help = f"write `{whole}`: a release with another flag that begins so refuses the short form"
            short = FlagProblem("abbreviated-flag", use.written, use.index, message, help, Severity.NOTE)
            once = explain_history(use, name, catalogue)
            yield replace(once, severity=Severity.WARNING) if once else short
