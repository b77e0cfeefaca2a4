"""Checks `VLLM_*` environment names against a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.finding import Severity
from llmstack.flags.catalogue import load_catalogue, versions
from llmstack.flags.match import Match
from llmstack.flags.problem import FlagProblem
from llmstack.flags.unknown import nearest

PREFIX = "VLLM_"
LIKENESS = 0.85
"""difflib's ratio from which an unknown name is a slip; below, it may be a plugin's or the user's own."""


def lint_environment(names: Sequence[str], match: Match) -> list[FlagProblem]:
    """What `VLLM_*` names vLLM does not read: warnings for misspelt ones and for those it has ceased to read.

    A name that is like no other, or that only a later release reads, is a note: platform plugins and
    entrypoints read names of their own. vLLM itself only logs it (`Platform.validate_environ`,
    vllm/platforms/interface.py).
    """
    if not any(name.startswith(PREFIX) for name in names):
        return []
    accepted = match.catalogue.environment.union(*(other.environment for other in match.other_catalogues()))
    found = []
    for index, name in enumerate(names):
        if name.startswith(PREFIX) and name not in accepted:
            found.append(explain_name(name, index, match))
    return found


def explain_name(name: str, index: int, match: Match) -> FlagProblem:
    """The problem of a name that the catalogue does not have."""
    release = match.catalogue.version
    readers = list(releases_with(name))
    if readers and readers[-1] < versions().index(release):
        last = versions()[readers[-1]]
        message = f"vLLM {release} does not read `{name}`; {last} was the last release that did"
        return FlagProblem("removed-env", name, index, message, "remove it", Severity.WARNING)
    if readers:
        message = f"vLLM {release} does not read `{name}` yet: {versions()[readers[0]]} was the first to"
        return FlagProblem("unknown-env", name, index, message, severity=Severity.NOTE)
    like = nearest(name, match.catalogue.environment, LIKENESS)
    message = f"vLLM {release} does not read `{name}`"
    if like:
        return FlagProblem("unknown-env", name, index, message, f"did you mean `{like}`?", Severity.WARNING)
    return FlagProblem("unknown-env", name, index, message, severity=Severity.NOTE)


def releases_with(name: str) -> Iterator[int]:
    """The positions in `versions()` of the releases that read a variable."""
    return (i for i, version in enumerate(versions()) if name in load_catalogue(version).environment)
