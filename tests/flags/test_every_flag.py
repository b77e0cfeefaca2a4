"""Every flag of every catalogue: right uses pass, and wrong ones, derived from the flag's own facts, are
found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmstack.flags import Catalogue, Flag, catalogue_for, lint_arguments, load_catalogue, newest, versions
from llmstack.flags.catalogue import changes
from llmstack.flags.release import read_release

WORDS = {"int": "3", "float": "0.5", "str": "word", "json": '{"a": 1}', "bool": "true"}


def right_value(flag: Flag) -> str:
    return str(flag.choices[0]) if flag.choices else WORDS[flag.type or "str"]


def right_uses(flag: Flag) -> Iterator[list[str]]:
    if not flag.takes_value:
        yield [flag.name]
        yield [flag.name.replace("_", "-").replace("-", "_").replace("__", "--", 1)]
        yield from ([negation] for negation in flag.negations)
        yield from ([alias] for alias in flag.aliases)
        return
    value = right_value(flag)
    yield [flag.name, value]
    yield [f"{flag.name}={value}"]
    yield [flag.name.replace("-", "_").replace("__", "--", 1), value]
    yield from ([alias, value] for alias in flag.aliases if alias != "-O")
    yield [flag.name, "$(FROM_ENVIRONMENT)"]
    if flag.nargs == "+":
        yield [flag.name, value, value]
    if flag.nargs == "?" or flag.type == "bool":
        yield [flag.name, "true"] if flag.type == "bool" else [flag.name]
    yield from ([flag.name, value] for value in map(str, flag.choices or ()))
    yield from ([flag.name, value] for value in flag.also)
    if flag.suffixes:
        yield from ([flag.name, value] for value in ("16k", "16K", "1.5k", "2M", "1g"))
    if flag.normalised:
        yield [flag.name, right_value(flag).upper().replace("_", "-")]


def is_refused(flag: Flag, catalogue: Catalogue) -> bool:
    return flag.name == "--model" and catalogue.release.minor < (0, 9)


@pytest.mark.parametrize("version", versions())
def test_right_uses_are_never_accused(version: str) -> None:
    match = catalogue_for("vllm/vllm-openai", f"v{version}")
    accused = [
        (use, problem.message)
        for flag in match.catalogue.flags.values()
        for use in right_uses(flag)
        for problem in lint_arguments(use if flag.name == "--model" else ["model", *use], match)
        if not is_refused(flag, match.catalogue)
    ]
    assert match.exact
    assert accused == []


def misspell(name: str) -> Iterator[str]:
    """A letter dropped, doubled, swapped with its neighbour or replaced, in the middle of the name."""
    at = 2 + (len(name) - 2) // 2
    yield name[:at] + name[at + 1 :]
    yield name[:at] + name[at] + name[at:]
    yield name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
    yield name[:at] + ("x" if name[at] != "x" else "y") + name[at + 1 :]


def is_wrong(name: str, catalogue: Catalogue) -> bool:
    """Whether the parser refuses a name: neither it nor anything it begins is an option."""
    dashes = "--" + name[2:].replace("_", "-")
    return not any(option.startswith(dashes) for option in catalogue.spellings)


def wrong_uses(flag: Flag, catalogue: Catalogue) -> Iterator[tuple[str, list[str]]]:
    """Uses of `flag` that vLLM refuses, each with the kind of problem it is."""
    value = [right_value(flag)] if flag.takes_value else []
    for typo in misspell(flag.name):
        if is_wrong(typo, catalogue):
            yield "unknown-flag", [typo, *value]
    if not flag.repeatable and flag.type:
        yield "flag-given-twice", [flag.name, *value, flag.name, *value]
    if not flag.negations and is_wrong(f"--no-{flag.name[2:]}", catalogue):
        yield "bad-negation", [f"--no-{flag.name[2:]}"]
    yield from (("bad-flag-value", use) for use in wrong_values(flag))
    if flag.takes_value and flag.nargs != "?":
        yield "missing-value", [flag.name]
        yield "missing-value", [flag.name, "--enable-prefix-caching"]


def wrong_values(flag: Flag) -> Iterator[list[str]]:
    """Uses of `flag` with a value that is not of its type."""
    if flag.type in ("int", "float"):
        yield [flag.name, "many"]
        yield [f"{flag.name}=1,5"]
    if flag.type == "int":
        yield [flag.name, "1.5"]
    if flag.type == "json":
        yield [flag.name, '{"a": 1']
        yield [flag.name, "{a: 1}"]
    if flag.choices and flag.type == "str":
        yield [flag.name, "no-such-choice"]
    if not flag.takes_value and flag.type:
        yield [f"{flag.name}=true"]
        yield [flag.name, "False"]


@pytest.mark.parametrize("version", versions())
def test_planted_mistakes_are_found(version: str) -> None:
    match = catalogue_for("vllm/vllm-openai", f"v{version}")
    planted = found = 0
    for flag in match.catalogue.flags.values():
        if flag.name in ("--help", "--model", "--enable-prefix-caching"):
            continue
        for kind, use in wrong_uses(flag, match.catalogue):
            planted += 1
            found += kind in {problem.kind for problem in lint_arguments(["model", *use], match)}
    assert planted > 500
    assert found / planted >= 0.99


@pytest.mark.parametrize("version", versions())
def test_removed_and_future_flags_are_found(version: str) -> None:
    match = catalogue_for("vllm/vllm-openai", f"v{version}")
    release = read_release(version).numbers
    missed = []
    for name, change in changes().items():
        if name in match.catalogue.spellings or not is_wrong(name, match.catalogue):
            continue
        later = read_release(change.since).numbers > release
        kinds = {problem.kind for problem in lint_arguments(["model", name, "1"], match)}
        if kinds != {"unknown-flag" if later else "removed-flag"}:
            missed.append((name, kinds))
    assert missed == []


def test_nearest_flag_is_the_one_that_was_meant() -> None:
    match = catalogue_for("vllm/vllm-openai", f"v{newest().version}")
    typos = [
        (name, typo) for name in match.catalogue.flags for typo in misspell(name) if is_wrong(typo, match.catalogue)
    ]
    meant = sum(
        f"`{name}`" in (problem.help or "")
        for name, typo in typos
        for problem in lint_arguments(["model", typo], match)
    )
    assert meant / len(typos) >= 0.9


@pytest.mark.parametrize("version", versions())
def test_catalogue_is_whole(version: str) -> None:
    catalogue = load_catalogue(version)
    assert catalogue.version == version
    assert len(catalogue.flags) > 100
    assert len(catalogue.environment) > 50
    assert catalogue.spellings["--max-model-len"].flag.type == "int"
    assert catalogue.spellings["--tensor-parallel-size"].flag.aliases == ("-tp",)
