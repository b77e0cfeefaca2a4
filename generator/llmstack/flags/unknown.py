"""Why an option is not known: removed, not there yet, a negation that is none, or a slip of the pen."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache, lru_cache

from llmstack.flags.catalogue import Catalogue, Change, changes, versions
from llmstack.flags.parse import Use, flag_name
from llmstack.flags.problem import FlagProblem
from llmstack.flags.release import read_release

LIKENESS = 0.6
"""difflib's ratio from which a known name is worth suggesting."""

LIKENESS_OF_REMOVED = 0.8
"""The same in place of a flag that was right once, and so is hardly a slip."""

CLOSE = 12


def explain_unknown(use: Use, catalogue: Catalogue) -> FlagProblem:
    """The problem of a flag that the catalogue does not have."""
    written = use.written
    name = flag_name(written).partition(".")[0] if written.startswith("--") else written
    if use.trouble == "ambiguous":
        if history := explain_history(use, name, catalogue):
            return history
        several = ", ".join(f"`{option}`" for option in use.candidates[:6])
        return FlagProblem(
            "unknown-flag", written, use.index, f"`{written}` could be {several}", "write the flag in full"
        )
    if " " in written:
        return explain_one_piece(use)
    if "." in written and name in catalogue.spellings:
        message = f"vLLM {catalogue.version} takes no keys after a flag's name"
        help = f"give `{name}` its JSON in one piece"
        return FlagProblem("unknown-flag", written, use.index, message, help)
    return (
        explain_negation(use, name, catalogue)
        or explain_history(use, name, catalogue)
        or explain_slip(use, name, catalogue)
    )


def explain_one_piece(use: Use) -> FlagProblem:
    """A flag and its value in one argument, as a shell would have split them."""
    flag = use.written.partition(" ")[0]
    message = f"`{flag}` and what follows it are one argument here, and no flag"
    return FlagProblem("unknown-flag", flag, use.index, message, f"write `{flag}` and its value as two arguments")


def explain_negation(use: Use, name: str, catalogue: Catalogue) -> FlagProblem | None:
    """A `--no-` form of a flag that has none; None when it is of another form, or of no known flag."""
    if not name.startswith("--no-"):
        return None
    positive = catalogue.spellings.get("--" + name[5:])
    if positive is None:
        return explain_history(use, "--" + name[5:], catalogue)
    flag = positive.flag
    help = f"leave `{flag.name}` out" if not flag.takes_value else f"give `{flag.name}` another value, or leave it out"
    if flag.negations:
        help = f"write `{flag.negations[0]}`"
    return FlagProblem("bad-negation", flag.name, use.index, f"`{flag.name}` has no `--no-` form", help)


def explain_history(use: Use, name: str, catalogue: Catalogue) -> FlagProblem | None:
    """A flag of another release; None when no release has it. The router's history is not known."""
    change = changes().get(name) if catalogue.program == "vllm" else None
    if change is None:
        return None
    if read_release(change.since).numbers > catalogue.release.numbers:
        message = f"vLLM {catalogue.version} has no `{name}` yet: it came with {change.since} or shortly before"
        return FlagProblem("unknown-flag", name, use.index, message, f"use vLLM {change.since} or newer")
    return FlagProblem(
        "removed-flag",
        name,
        use.index,
        tell_removal(name, change, catalogue),
        advise(change, name, catalogue),
    )


def tell_removal(name: str, change: Change, catalogue: Catalogue) -> str:
    """The sentence that says when a flag went."""
    if change.until is None:
        return f"vLLM {catalogue.version} has no `{name}`"
    known = versions()
    gone = known[known.index(change.until) + 1]
    last = f"{change.until} is the last release that has it"
    return f"`{name}` was removed from vLLM: {last}, and {gone} the first that does not"


def advise(change: Change, name: str, catalogue: Catalogue) -> str:
    """What to do without a removed flag: what the release itself names, else its nearest likeness."""
    if change.replaced_by:
        return f"use `{change.replaced_by}` (according to vLLM {change.replaced_by_source})"
    like = nearest(name, options(catalogue), LIKENESS_OF_REMOVED)
    return "remove it" + (f"; or did you mean `{like}`?" if like else "")


def explain_slip(use: Use, name: str, catalogue: Catalogue) -> FlagProblem:
    """A name that no release has."""
    program = "the router" if catalogue.program == "router" else f"vLLM {catalogue.version}"
    like = opposite(name, catalogue) or nearest(name, options(catalogue))
    help = f"did you mean `{like}`?" if like else None
    return FlagProblem("unknown-flag", use.written, use.index, f"`{use.written}` is not a flag of {program}", help)


def opposite(name: str, catalogue: Catalogue) -> str | None:
    """`--no-enable-x` for a `--disable-x` that does not exist, and `--enable-x`'s like."""
    for prefix, inverse in (("--disable-", "--no-enable-"), ("--enable-", "--no-disable-")):
        if name.startswith(prefix) and (option := inverse + name[len(prefix) :]) in catalogue.spellings:
            return option
    return None


@cache
def options(catalogue: Catalogue) -> frozenset[str]:
    """The option strings of a catalogue."""
    return frozenset(catalogue.spellings)


@lru_cache(maxsize=4096)
def nearest(name: str, options: frozenset[str], likeness: float = LIKENESS) -> str | None:
    """The option most like `name`, by difflib's ratio; None when none comes up to `likeness`.

    Only the dozen that share most pairs of letters are compared in full.
    """
    pairs = pairs_of(name)
    close = sorted(options, key=lambda option: (-len(pairs & pairs_of(option)), option))[:CLOSE]
    found = get_close_matches(name, close, n=1, cutoff=likeness)
    return found[0] if found else None


@lru_cache(maxsize=16384)
def pairs_of(name: str) -> frozenset[str]:
    """The pairs of neighbouring letters in a name."""
    return frozenset(name[i : i + 2] for i in range(2, len(name) - 1))
