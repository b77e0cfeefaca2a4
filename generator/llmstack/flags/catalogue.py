"""The command-line flags of one vLLM release, or of the router: which there are, and what each accepts.

The data is in `schemas/vllm/`, one JSON file per release, described in the README there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from llmstack.flags.release import Release, read_release

FlagType = Literal["int", "float", "str", "bool", "json"]
DATA = files("llmstack") / "schemas" / "vllm"
NOT_RELEASES = frozenset(("changes.json", "router.json"))


class Flag(Struct, frozen=True):
    """One flag, as `add_argument` declares it; `type` None: it takes no value and ends the program."""

    name: str
    type: FlagType | None
    default: Any = None
    choices: tuple[Any, ...] | None = None
    """What the parser enforces; None where it takes any value of the type."""
    known_values: tuple[str, ...] = ()
    """What the release itself knows where the parser takes any value, because plugins may add more."""
    negations: tuple[str, ...] = ()
    """The spellings that set it to false."""
    aliases: tuple[str, ...] = ()
    deprecated: bool = False
    nargs: Literal["+", "?"] | None = None
    repeatable: bool = False
    suffixes: str = ""
    """Letters that multiply an integer: `16k` is 16000, `16K` is 16384."""
    also: tuple[str, ...] = ()
    """Words that are accepted beside the type."""
    normalised: bool = False
    """The value is lower-cased, and `-` read as `_`, before it is compared with `choices`."""
    value_required: bool = False

    @property
    def takes_value(self) -> bool:
        """Whether a value follows or may follow."""
        if self.type is None:
            return False
        return self.type != "bool" or self.value_required or self.nargs is not None


class Spelling(Struct, frozen=True):
    """One accepted option string: the flag it sets, and whether it sets it to false."""

    flag: Flag
    negated: bool = False


class Catalogue(Struct, frozen=True, eq=False):
    """All flags of one program; `spellings` holds every accepted option string.

    There is one of each release (`load_catalogue`), which is equal to itself alone: what is read by it is remembered.
    """

    program: Literal["vllm", "router"]
    version: str
    release: Release
    flags: Mapping[str, Flag]
    spellings: Mapping[str, Spelling]
    environment: frozenset[str]
    """`VLLM_*` variables that the release reads."""


class Change(Struct, frozen=True):
    """The first and the last catalogue that has an option; `until` None: still there."""

    since: str
    until: str | None
    replaced_by: str | None = None
    """Said by the release itself; a flag, a dotted key, or a flag with its value."""
    replaced_by_source: str | None = None


DRAFTS = (
    "--disable-logprobs-during-spec-decoding",
    "--ngram-prompt-lookup-max",
    "--ngram-prompt-lookup-min",
    "--num-speculative-tokens",
    "--spec-decoding-acceptance-method",
    "--speculative-disable-by-batch-size",
    "--speculative-disable-mqa-scorer",
    "--speculative-draft-tensor-parallel-size",
    "--speculative-max-model-len",
    "--speculative-model",
    "--speculative-model-quantization",
    "--typical-acceptance-sampler-posterior-alpha",
    "--typical-acceptance-sampler-posterior-threshold",
)
"""Options that went without a word, and are keys of one JSON since (`SpeculativeConfig`, vllm/config.py of 0.8.5)."""

HELP = Flag("--help", None, aliases=("-h",))
"""argparse adds it to every parser."""


def read_catalogue(data: Mapping[str, Any]) -> Catalogue:
    """The catalogue that `data`, the parsed JSON of one file, describes."""
    flags = {"--help": HELP} | {name: read_flag(name, facts) for name, facts in data["flags"].items()}
    router = "version" not in data
    return Catalogue(
        program="router" if router else "vllm",
        version=data["commit_date"][:10] if router else data["version"],
        release=Release((0, 0, 0)) if router else read_release(data["version"]),
        flags=flags,
        spellings=dict(spell(flags.values())),
        environment=frozenset(data.get("env", ())),
    )


def read_flag(name: str, facts: Mapping[str, Any]) -> Flag:
    """One entry of `flags`; what the file leaves out has the value that README.md names."""
    choices = facts.get("choices")
    return Flag(
        name=name,
        type=facts["type"],
        default=facts.get("default"),
        choices=None if choices is None else tuple(choices),
        known_values=tuple(facts.get("known_values", ())),
        negations=tuple(facts.get("negations") or ([f"--no-{name[2:]}"] if facts.get("negatable") else ())),
        aliases=tuple(facts.get("aliases", ())),
        deprecated=facts.get("deprecated", False),
        nargs=facts.get("nargs"),
        repeatable=facts.get("repeatable", False),
        suffixes=facts.get("suffixes", ""),
        also=tuple(facts.get("also", ())),
        normalised=facts.get("normalised", False),
        value_required=facts.get("value_required", False),
    )


def spell(flags: Iterable[Flag]) -> Iterator[tuple[str, Spelling]]:
    """Every option string with what it means; a flag's own name wins over another's negation.

    BooleanOptionalAction also negates long aliases (Lib/argparse.py).
    """
    flags = tuple(flags)
    for flag in flags:
        for negation in flag.negations:
            yield negation, Spelling(flag, negated=True)
        for alias in flag.aliases:
            yield alias, Spelling(flag)
            if flag.negations and alias.startswith("--"):
                yield f"--no-{alias[2:]}", Spelling(flag, negated=True)
    for flag in flags:
        yield flag.name, Spelling(flag)


@cache
def versions() -> tuple[str, ...]:
    """The releases that there are catalogues of, oldest first."""
    names = (entry.name for entry in DATA.iterdir())
    return tuple(
        sorted(
            (name.removesuffix(".json") for name in names if name.endswith(".json") and name not in NOT_RELEASES),
            key=lambda version: read_release(version).numbers,
        )
    )


@cache
def load_catalogue(version: str) -> Catalogue:
    """The catalogue of one of `versions()`; read once."""
    return read_catalogue(json.loads((DATA / f"{version}.json").read_bytes()))


@cache
def router_catalogue() -> Catalogue:
    """The production-stack router's flags, at the commit that the file names."""
    return read_catalogue(json.loads((DATA / "router.json").read_bytes()))


@cache
def changes() -> Mapping[str, Change]:
    """When each long option of vLLM came and went, aliases included, negations not."""
    read = {name: Change(**facts) for name, facts in json.loads((DATA / "changes.json").read_bytes()).items()}
    in_json = {"replaced_by": "--speculative-config", "replaced_by_source": "0.8.5.post1"}
    return read | {name: replace(read[name], **in_json) for name in DRAFTS}


def newest() -> Catalogue:
    """The catalogue of the newest release known."""
    return load_catalogue(versions()[-1])
