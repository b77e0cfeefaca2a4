"""Checks argument lists and environment names against a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec.structs import replace

from llmstack.finding import Severity
from llmstack.flags.catalogue import Catalogue, Flag, router_catalogue
from llmstack.flags.length import of_any_length
from llmstack.flags.match import Match
from llmstack.flags.parse import Use, parse_arguments
from llmstack.flags.problem import FlagProblem
from llmstack.flags.unknown import explain_unknown
from llmstack.flags.values import reject_value

SHOWN = 40
"""How many characters of a value a message repeats."""

MOST = 4096
"""How many arguments are looked at: what a list of them costs to check grows with it."""

MODEL_FLAG_SINCE = (0, 9)
"""Earlier ones end with an error when `vllm serve` is given `--model` (FlexibleArgumentParser.parse_args)."""


def lint_arguments(arguments: Sequence[str], match: Match) -> list[FlagProblem]:
    """What is wrong with the arguments of `vllm serve`, those after `serve`, sorted by where it is.

    Errors where the version is known, warnings where it is a guess; a flag given twice is always a
    warning. What another plausible catalogue accepts is no problem, save a flag that the newest no longer
    has when the version is a guess. Values that hold `$(NAME)` pass.
    """
    alike = of_any_length(tuple(arguments))
    problems = lint_once(alike, match.catalogue)
    for other in match.other_catalogues():
        if all(outlasts_guess(problem, match) for problem in problems):
            break
        still = {problem.index for problem in lint_once(alike, other)}
        problems = tuple(p for p in problems if p.index in still or outlasts_guess(p, match))
    if match.sureness == "guess":
        return [replace(problem, severity=Severity.WARNING) for problem in problems]
    return list(problems)


def outlasts_guess(problem: FlagProblem, match: Match) -> bool:
    """Whether a problem stands whatever another catalogue accepts."""
    if problem.kind == "flag-given-twice":
        return True
    return problem.kind == "removed-flag" and match.sureness == "guess"


def lint_router_arguments(arguments: Sequence[str]) -> list[FlagProblem]:
    """The same for the router, as warnings: its images do not say which commit they hold."""
    problems = lint_once(tuple(arguments), router_catalogue())
    return [replace(problem, severity=Severity.WARNING) for problem in problems]


@lru_cache(maxsize=4096)
def lint_once(arguments: tuple[str, ...], catalogue: Catalogue) -> tuple[FlagProblem, ...]:
    """All problems by one catalogue, sorted by index."""
    if len(arguments) > MOST:
        message = f"{len(arguments)} arguments: more than {MOST} are no command line of an engine, and are not read"
        return (FlagProblem("unexpected-argument", "", len(arguments) - 1, message, "remove what is not meant"),)
    uses = parse_arguments(arguments, catalogue)
    problems = [problem for use in uses for problem in lint_use(use, catalogue)]
    problems += find_repeated(uses, catalogue)
    return tuple(sorted(problems, key=lambda problem: (problem.index, problem.kind)))


def lint_use(use: Use, catalogue: Catalogue) -> Iterator[FlagProblem]:
    """What is wrong with one flag or word by itself."""
    if use.trouble in ("unknown", "ambiguous"):
        yield explain_unknown(use, catalogue)
    elif use.trouble == "stray":
        message = "this argument belongs to no flag"
        yield FlagProblem("unexpected-argument", "", use.index, message, "remove it, or name its flag")
    elif use.flag is not None:
        yield from lint_known(use, use.flag, catalogue)


def lint_known(use: Use, flag: Flag, catalogue: Catalogue) -> Iterator[FlagProblem]:
    """What is wrong with a use of a flag that the catalogue has."""
    name = use.option or flag.name
    if use.trouble == "missing-value":
        yield FlagProblem("missing-value", name, use.index, f"`{name}` needs a value")
    elif use.trouble == "unwanted-value":
        value = use.values[0]
        help = f"write `{name}` alone" + (f", or `{flag.negations[0]}`" if flag.negations and not use.negated else "")
        yield FlagProblem(
            "bad-flag-value",
            name,
            value.index,
            f"`{name}` takes no value, and has `{shorten(value.text)}`",
            help,
        )
    elif use.path is not None:
        if flag.type not in ("json", "str") or flag.choices:
            yield FlagProblem("bad-flag-value", name, use.index, f"`{name}` takes no keys, it is no JSON object")
    elif name == "--model" and is_refused(use, catalogue):
        message = f"`vllm serve` of {catalogue.version} refuses `--model`"
        yield FlagProblem("unknown-flag", name, use.index, message, "give the model as the first argument")
    else:
        yield from lint_values(use, flag, catalogue)


def is_refused(model: Use, catalogue: Catalogue) -> bool:
    """Whether `serve` refuses this `--model`; it has never looked for `--model=`."""
    joined = model.values[0].index == model.index
    return catalogue.release.minor < MODEL_FLAG_SINCE and not joined and catalogue.program == "vllm"


def lint_values(use: Use, flag: Flag, catalogue: Catalogue) -> Iterator[FlagProblem]:
    """Values of the wrong type or outside the choices."""
    for value in use.values:
        if reason := reject_value(flag, value.text, catalogue):
            # A JSON value is long, and may hold credentials: it is not repeated.
            given = "" if flag.type == "json" else f", not `{shorten(value.text)}`"
            yield FlagProblem("bad-flag-value", flag.name, value.index, f"`{flag.name}` {reason}{given}")


def shorten(text: str) -> str:
    """The beginning of a long value."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def find_repeated(uses: Sequence[Use], catalogue: Catalogue) -> Iterator[FlagProblem]:
    """Flags set more than once, under whatever spelling: the last one wins, the others do nothing.

    `--config.a 1 --config.b 2` sets two keys of one flag, and `--config.a+ 1` adds to a list; keys beside
    the whole value replace it.
    """
    seen: dict[str, dict[str | None, Use]] = {}
    for use in uses:
        name = use.flag.name if use.flag else "--model"
        if use.trouble in ("stray", "unknown", "ambiguous") or (use.flag and use.flag.repeatable):
            continue
        before = seen.setdefault(name, {})
        whole = next(iter(before.values()), None) if use.path is None else before.get(None)
        first = whole or before.get(use.path)
        if first is not None and not (use.path or "").endswith("+"):
            yield repeated(name, first, use)
        before.setdefault(use.path, use)


def repeated(name: str, first: Use, again: Use) -> FlagProblem:
    """The problem of the second of two uses."""
    if first.flag is None or again.flag is None:
        message = "the model is given twice, by itself and as `--model`"
        return FlagProblem("flag-given-twice", name, again.index, message, "keep one")
    spelt = "" if first.written == again.written else f", as `{first.written}` and as `{again.written}`"
    message = f"`{name}` is given twice{spelt}: only the last counts"
    return FlagProblem("flag-given-twice", name, again.index, message, "keep one", Severity.WARNING)
