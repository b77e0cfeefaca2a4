"""Random arguments: the check finds something exactly when a parser filled from the catalogue refuses."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import re
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from llmstack.flags import Catalogue, Flag, load_catalogue
from llmstack.flags.lint import lint_once


class Refused(Exception):
    """The parser does not take the arguments."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(message)


def read_bool(text: str) -> bool:
    return bool(("false", "true").index(text.lower()))


def read_share(text: str) -> float:
    """`gpu_memory_utilization` as CacheConfig takes it, which comes after the parser (vllm/config/cache.py)."""
    share = float(text)
    if not 0 < share <= 1:
        raise ValueError(text)
    return share


def converter(flag: Flag) -> Callable[[str], Any]:
    reads: dict[str, Callable[[str], Any]] = {
        "int": int,
        "float": float,
        "json": json.loads,
        "bool": read_bool,
    }
    if flag.name == "--gpu-memory-utilization":
        reads["float"] = read_share
    read = str if flag.value_required else reads.get(flag.type or "str", str)

    def convert(text: str) -> Any:
        if flag.default is None and text in ("", "None"):
            return flag.choices[0] if flag.choices else None
        if text in flag.also:
            return text
        if flag.suffixes and re.fullmatch(r"\d+(\.\d+)?[kmgt]|\d+[KMGT]", text):
            return 1
        return read(text.lower().replace("-", "_") if flag.normalised else text)

    return convert


def fill(catalogue: Catalogue) -> Parser:
    """A parser with every flag of a catalogue, as its `add_argument` calls have them."""
    parser = Parser(add_help=True)
    parser.add_argument("model", nargs="?")
    for flag in catalogue.flags.values():
        if flag.type is None:
            continue
        if flag.takes_value:
            action = "append" if flag.repeatable else "store"
            facts: dict[str, Any] = {
                "type": converter(flag),
                "nargs": flag.nargs,
                "choices": flag.choices,
                "action": action,
            }
            parser.add_argument(flag.name, *flag.aliases, **{k: v for k, v in facts.items() if v is not None})
        else:
            switch = argparse.BooleanOptionalAction if f"--no-{flag.name[2:]}" in flag.negations else "store_true"
            parser.add_argument(flag.name, *flag.aliases, action=switch)
            for negation in flag.negations:
                if not negation.startswith("--no-"):
                    parser.add_argument(negation, action="store_true")
    return parser


def refuses(parser: Parser, arguments: list[str]) -> bool:
    """Whether the parser refuses, underscores read as dashes as vLLM reads them."""
    dashed = []
    for text in arguments:
        name, equals, value = text.partition("=")
        dashed.append(("--" + name[2:].replace("_", "-") if name.startswith("--") else name) + equals + value)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            parser.parse_args(dashed)
    except Refused:
        return True
    return False


VALUES = [
    "3",
    "-1",
    "0.5",
    "word",
    '{"a": 1}',
    "[1]",
    "",
    "None",
    "16k",
    "1.5K",
    "auto",
    "two words",
    "$X",
    ".",
]
LETTERS = ["", "x", "-", "_", "o"]


def draw_name(flag: Flag, draw: random.Random) -> str:
    name = draw.choice([flag.name, flag.name, *flag.aliases, *flag.negations])
    if not name.startswith("--"):
        return name
    at = draw.randrange(3, len(name))
    ways = [name] * 8 + [
        name[:at] + draw.choice(LETTERS) + name[at + 1 :],
        name[: at + 1],
        "--no-" + name[2:],
    ]
    return draw.choice([*ways, name.replace("-", "_").replace("__", "--", 1)])


def draw_arguments(catalogue: Catalogue, draw: random.Random) -> list[str]:
    """A model and one to four flags, some misspelt, cut short, negated or given a value that does not fit."""
    arguments = ["model"]
    for _ in range(draw.randint(1, 4)):
        flag = draw.choice([flag for flag in catalogue.flags.values() if flag.type and flag.name != "--model"])
        name = draw_name(flag, draw)
        fitting = str(flag.choices[0]) if flag.choices else {"json": "{}", "str": "word"}.get(flag.type or "", "3")
        value = draw.choice([fitting, fitting, draw.choice(VALUES)])
        if (flag.takes_value and name not in flag.negations) == (draw.random() < 0.95):
            arguments += draw.choice([[name, value], [f"{name}={value}"]])
        else:
            arguments.append(name)
    return arguments


@pytest.mark.parametrize("version", ["0.6.6.post1", "0.9.2", "0.11.2", "0.19.1", "0.33.0"])
def test_same_verdict_as_a_real_parser(version: str) -> None:
    catalogue = load_catalogue(version)
    parser = fill(catalogue)
    draw = random.Random(version)
    differ, refused = [], 0
    for _ in range(400):
        arguments = draw_arguments(catalogue, draw)
        said = [p for p in lint_once(tuple(arguments), catalogue) if p.kind != "flag-given-twice"]
        real = refuses(parser, arguments)
        refused += real
        if real != bool(said):
            differ.append((arguments, real, said))
    assert differ == []
    assert 80 < refused < 320
