"""Reads an argument list as the program's own parser would: argparse, with vLLM's changes to it.

Followed here: `FlexibleArgumentParser.parse_args` (vllm/utils/argparse_utils.py; in vllm/utils.py until 0.10)
and `ArgumentParser._parse_optional`, `_get_option_tuples` and `consume_optional` (Lib/argparse.py of Python
3.12, which vLLM's images carry).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from llmstack.flags.catalogue import Catalogue, Flag, Spelling

Trouble = Literal["unknown", "ambiguous", "missing-value", "unwanted-value", "stray"]

DOTTED_SINCE = (0, 9)
LEVEL_FLAG_SINCE = (0, 12)
LAST = "\U0010ffff"
"""Sorts after whatever an option string goes on with."""
NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
"""What argparse takes for a number, and so for a value (`_negative_number_matcher`)."""
_LONG_FLAG = re.compile(r"--[A-Za-z]")
_NAME = re.compile(r"[^.]*")
_BOOLEAN_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "1", "0"))


class Value(Struct, frozen=True):
    """A value and the argument that holds it (the flag's own after `=`)."""

    text: str
    index: int


class Use(Struct, frozen=True):
    """One flag as it is given, or a word that belongs to none (its `flag` and `option` are None).

    `written` is the flag without its value; `option` what it stands for (`--no-x`, or the full name of an
    abbreviation); `path` the dotted key after it (`mode` of `--compilation-config.mode`).
    """

    index: int
    written: str
    flag: Flag | None = None
    option: str | None = None
    negated: bool = False
    path: str | None = None
    values: tuple[Value, ...] = ()
    trouble: Trouble | None = None
    candidates: tuple[str, ...] = ()


class Option(Struct, frozen=True):
    """What an argument that begins with a dash means: one candidate, none if unknown, more if ambiguous."""

    written: str
    candidates: tuple[str, ...]
    value: str | None = None
    path: str | None = None


@lru_cache(maxsize=4096)
def parse_arguments(arguments: tuple[str, ...], catalogue: Catalogue) -> tuple[Use, ...]:
    """Each flag and each free word of `arguments`, in order; never fails. Remembered: many rules read the same.

    The first free word is the model; another has the trouble `stray`. Words after an unknown flag are
    taken for its values.
    """
    return tuple(_uses(arguments, catalogue))


def _uses(arguments: tuple[str, ...], catalogue: Catalogue) -> Iterator[Use]:
    at = words = 0
    while at < len(arguments):
        if arguments[at] == "--":
            at += 1
        elif is_value(arguments[at], catalogue):
            words += 1
            stray = words > 1 or catalogue.program == "router"
            yield Use(at, arguments[at], values=(Value(arguments[at], at),), trouble="stray" if stray else None)
            at += 1
        else:
            use, at = read_use(arguments, at, read_option(arguments[at], catalogue), catalogue)
            yield use


def is_value(text: str, catalogue: Catalogue) -> bool:
    """Whether an argument is a value, not a flag.

    It is when it begins without a dash, is a negative number, or is no option and has a space in it
    (`_parse_optional`). argparse takes a mistyped `--flgas={"a": 1}`, and a `--port 80` in one piece, for
    values too; here they, and a `-tp 2`, are unknown flags.
    """
    if not text.startswith("-") or text == "-":
        return True
    head, space, _ = text.partition(" ")
    known = head in catalogue.spellings or text.partition("=")[0] in catalogue.spellings
    if text == "--" or known or _LONG_FLAG.match(text):
        return False
    return bool(NEGATIVE_NUMBER.fullmatch(text) or space)


@lru_cache(maxsize=4096)
def read_option(text: str, catalogue: Catalogue) -> Option:
    """What an argument that begins with a dash stands for."""
    vllm = catalogue.program == "vllm"
    if vllm and text.startswith("-O") and catalogue.release.minor >= DOTTED_SINCE:
        return read_level(text, catalogue)
    written, equals, value = text.partition("=")
    name, path = flag_name(written) if vllm else written, None
    if vllm and "." in name and catalogue.release.minor >= DOTTED_SINCE:
        name, _, path = name.partition(".")
    if name == "--help" and vllm:
        return Option(written, ("--help",))
    short = not name.startswith("--")
    if short and name not in catalogue.spellings and (text[:2] in catalogue.spellings or equals):
        return Option(text[:2], (text[:2],), text[2:]) if text[:2] in catalogue.spellings else Option(written, ())
    candidates = find_options(name, catalogue)
    return Option(written, candidates, value if equals else None, path)


def flag_name(written: str) -> str:
    """A long flag with dashes for its underscores, as vLLM reads it; the keys after a dot stay as they are."""
    if not written.startswith("--"):
        return written
    return "--" + _NAME.sub(lambda match: match[0].replace("_", "-"), written[2:], count=1)


def read_level(text: str, catalogue: Catalogue) -> Option:
    """`-O3`, `-O=3`, `-O`: a key of the compilation config until 0.11, an optimization level from 0.12."""
    if catalogue.release.minor >= LEVEL_FLAG_SINCE:
        return Option("-O", ("--optimization-level",), text[2:].removeprefix("=") or None)
    if text.startswith("-O."):
        written, equals, value = text.partition("=")
        return Option(written, ("-O",), value if equals else None, written[3:])
    level = text[2:].removeprefix("=")
    return Option("-O", ("-O",), level or None, "level" if level else None)


def find_options(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """What `name` can stand for: itself, or all options that it begins; one of them if all mean the same."""
    if name in catalogue.spellings:
        return (name,)
    if len(name.strip("-")) == 0:
        return ()
    every = sorted_options(catalogue)
    found = every[bisect_left(every, name) : bisect_left(every, name + LAST)]
    meanings = {(catalogue.spellings[option].flag.name, catalogue.spellings[option].negated) for option in found}
    return tuple(found[:1] if len(meanings) == 1 else found)


@cache
def sorted_options(catalogue: Catalogue) -> list[str]:
    """The option strings of a catalogue in order."""
    return sorted(catalogue.spellings)


def read_use(arguments: Sequence[str], at: int, option: Option, catalogue: Catalogue) -> tuple[Use, int]:
    """The flag at `at` with its values, and where the next argument is."""
    following = list(words_after(arguments, at, catalogue))
    joined = [] if option.value is None else [Value(option.value, at)]
    if len(option.candidates) != 1:
        values = joined or following
        trouble: Trouble = "ambiguous" if option.candidates else "unknown"
        use = Use(at, option.written, path=option.path, values=tuple(values), trouble=trouble,
                  candidates=option.candidates)  # fmt: skip
        return use, at + 1 + (0 if joined else len(values))
    spelling = catalogue.spellings[option.candidates[0]]
    values, fault = take_values(spelling, option, joined, following)
    use = Use(at, option.written, spelling.flag, option.candidates[0], spelling.negated, option.path,
              tuple(values), fault)  # fmt: skip
    return use, at + 1 + (0 if joined else len(values))


def words_after(arguments: Sequence[str], at: int, catalogue: Catalogue) -> Iterator[Value]:
    """The values between the flag at `at` and the next flag."""
    for index in range(at + 1, len(arguments)):
        if not is_value(arguments[index], catalogue):
            return
        yield Value(arguments[index], index)


def take_values(
    spelling: Spelling, option: Option, joined: list[Value], following: list[Value]
) -> tuple[list[Value], Trouble | None]:
    """The values that the flag takes from what is joined to it or follows it, and what is wrong with them.

    A flag without values leaves the next word alone (it may be the model), unless that word is plainly
    meant for it.
    """
    wants = option.path is not None or (spelling.flag.takes_value and not spelling.negated)
    if joined:
        return joined, None if wants else "unwanted-value"
    if not wants:
        meant = following[:1] if following and following[0].text.lower() in _BOOLEAN_WORDS else []
        return meant, "unwanted-value" if meant else None
    if spelling.flag.nargs == "+" and option.path is None:
        return following, None if following else "missing-value"
    optional = spelling.flag.nargs == "?" and option.path is None
    return following[:1], None if following or optional else "missing-value"
