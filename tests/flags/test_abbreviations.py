"""Beginnings of flags: they work, and a note says what they are taken for."""

from __future__ import annotations

import shlex

import pytest

from llmstack.finding import Severity
from llmstack.flags import FlagProblem, catalogue_for, find_abbreviated, lint_arguments

SHORT = "a release with another flag that begins so refuses the short form"


def _find(tag: str, arguments: str, repository: str = "vllm/vllm-openai") -> list[FlagProblem]:
    match = catalogue_for(repository, tag)
    return list(find_abbreviated(["model", *shlex.split(arguments)], match.catalogue, match.other_catalogues()))


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ("--max-model-le 5", "--max-model-len"),
        ("--max_num_seq=5", "--max-num-seqs"),
        ("--no-enable-prefix-cach", "--no-enable-prefix-caching"),
        ("--compilation-confi.mode 3", "--compilation-config"),
    ],
)
def test_the_beginning_of_a_flag_is_a_note(arguments: str, whole: str) -> None:
    (problem,) = _find("v0.11.0", arguments)
    assert (problem.kind, problem.severity, problem.index) == ("abbreviated-flag", Severity.NOTE, 1)
    assert problem.help == f"write `{whole}`: {SHORT}"
    assert lint_arguments(["model", *shlex.split(arguments)], catalogue_for("vllm/vllm-openai", "v0.11.0")) == []


@pytest.mark.parametrize(
    "arguments", ["--max-model-len 5", "-tp 2", "--max_model_len=5", "--nothing-of-it", "--max- 5"]
)
def test_flags_in_full_and_no_flags_are_left_alone(arguments: str) -> None:
    assert _find("v0.11.0", arguments) == []


def test_a_flag_that_is_gone_is_not_taken_for_another() -> None:
    match = catalogue_for("vllm/vllm-openai", "latest")
    (problem,) = lint_arguments(["model", "--device", "cpu"], match)
    assert (problem.kind, problem.severity) == ("removed-flag", Severity.WARNING)


def test_what_another_plausible_release_has_in_full_is_no_abbreviation() -> None:
    match = catalogue_for("lmcache/vllm-openai", "2025-05-27-v1")
    others = {name for other in match.other_catalogues() for name in other.spellings}
    flags = [flag for flag in sorted(others - set(match.catalogue.spellings)) if flag.startswith("--")]
    assert flags
    assert not [flag for flag in flags if _find("2025-05-27-v1", f"{flag} 1", "lmcache/vllm-openai")]
