"""What is said of single arguments, and what is left alone."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tests.work import count_calls

from llmstack.finding import Severity
from llmstack.flags import (
    catalogue_for,
    lint_arguments,
    lint_environment,
    lint_router_arguments,
    router_catalogue,
)
from llmstack.flags.catalogue import load_catalogue, versions
from llmstack.flags.environment import REPLACED_BY
from llmstack.flags.lint import lint_once

COMMANDS = [
    line.rstrip("\n").split("  ", 1)
    for line in (Path(__file__).parent / "commands.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("tag", "command"), COMMANDS)
def test_real_commands_are_not_accused(tag: str, command: str) -> None:
    match = catalogue_for("vllm/vllm-openai", tag)
    assert match.sureness != "guess"
    assert lint_arguments(shlex.split(command), match) == []


REPLACED = "use `--cudagraph-capture-sizes` (according to vLLM 0.12.0)"
EAGER = "write `--enforce-eager` alone, or `--no-enforce-eager`"
OTHER_VALUE = "give `--max-model-len` another value, or leave it out"
LIMIT = "did you mean `--limit-mm-per-prompt`?"
CASES = [
    ("0.11.2", "--max-model-ln 5", "unknown-flag", 1, "did you mean `--max-model-len`?"),
    ("0.11.2", "--num-scheduler-steps 8", "removed-flag", 1, "remove it"),
    ("0.13.0", "--cuda-graph-sizes 8", "removed-flag", 1, REPLACED),
    ("0.11.2", "--kernel-config {}", "unknown-flag", 1, "use vLLM 0.16.0 or newer"),
    ("0.11.2", "-tp=2 --tensor_parallel_size 4", "flag-given-twice", 2, "keep one"),
    ("0.11.2", "--enable-prefix-caching --no-enable-prefix-caching", "flag-given-twice", 2, "keep one"),
    ("0.11.2", "--compilation-config {} --compilation-config.mode 3", "flag-given-twice", 3, "keep one"),
    ("0.11.2", "--compilation-config.mode 3 -O.mode=2", "flag-given-twice", 3, "keep one"),
    ("0.11.2", "--model other", "flag-given-twice", 1, "keep one"),
    ("0.11.2", "--enforce-eager true", "bad-flag-value", 2, EAGER),
    ("0.11.2", "--enforce-eager=true", "bad-flag-value", 1, EAGER),
    ("0.11.2", "--no-enforce-eager=true", "bad-flag-value", 1, "write `--no-enforce-eager` alone"),
    ("0.11.2", "--no-max-model-len", "bad-negation", 1, OTHER_VALUE),
    ("0.11.2", "--no-disable-log-stats", "bad-negation", 1, "leave `--disable-log-stats` out"),
    ("0.11.2", "--task generation", "bad-flag-value", 2, None),
    ("0.11.2", "--max-model-len", "missing-value", 1, None),
    ("0.11.2", "--served-model-name --enforce-eager", "missing-value", 1, None),
    ("0.11.2", "--kv-transfer-config {a:1}", "bad-flag-value", 2, None),
    ("0.11.2", "--limit-mm-per-prompt image=2", "bad-flag-value", 2, None),
    ("0.11.2", "--max-model-len.x 3", "bad-flag-value", 1, None),
    ("0.11.2", "'--port 8000'", "unknown-flag", 1, "write `--port` and its value as two arguments"),
    ("0.11.2", "'--limit-mm-per-promt={\"image\": 2}'", "unknown-flag", 1, LIMIT),
    ("0.11.2", "--disable-prefix-caching", "unknown-flag", 1, "did you mean `--no-enable-prefix-caching`?"),
    ("0.11.2", "--enable-log", "unknown-flag", 1, "write the flag in full"),
    ("0.11.2", "--enforce-eager 8000", "unexpected-argument", 2, "remove it, or name its flag"),
    ("0.8.5", "--kv-transfer-config.kv_role kv_both", "unknown-flag", 1, None),
    ("0.8.5", "--model other", "unknown-flag", 1, "give the model as the first argument"),
    ("0.33.0", "--moe-backend cutlas", "bad-flag-value", 2, None),
]  # fmt: skip


@pytest.mark.parametrize(("version", "arguments", "kind", "index", "help"), CASES)
def test_a_mistake_is_named_where_it_is(version: str, arguments: str, kind: str, index: int, help: str | None) -> None:
    problems = lint_arguments(["model", *shlex.split(arguments)], catalogue_for("vllm/vllm-openai", f"v{version}"))
    problems = [problem for problem in problems if problem.kind == kind]
    assert [problem.index for problem in problems] == [index]
    if help is not None:
        assert problems[0].help == help
    warns = kind == "flag-given-twice" and "--model" not in arguments
    assert problems[0].severity is (Severity.WARNING if warns else Severity.ERROR)


def test_each_mistake_is_said_and_nothing_else() -> None:
    match = catalogue_for("vllm/vllm-openai", "v0.11.2")
    arguments = [
        "model",
        "--prot",
        "8000",
        "--max-model-len",
        "long",
        "--enforce-eager",
        "--dtype",
        "float8",
        "-dp2",
    ]
    problems = lint_arguments(arguments, match)
    assert [(problem.kind, problem.index) for problem in problems] == [
        ("unknown-flag", 1),
        ("bad-flag-value", 4),
        ("bad-flag-value", 7),
        ("unknown-flag", 8),
    ]


def test_no_secret_is_repeated() -> None:
    match = catalogue_for("vllm/vllm-openai", "v0.8.5")
    for arguments in (
        ["--model-loader-extra-config", "{token: hunter2}"],
        ["--api-key hunter2"],
        ["--api-kye", "hunter2"],
        ["--api-kye=hunter2"],
        ["--api-key", "a", "hunter2"],
    ):
        problems = lint_arguments(["model", *arguments], match)
        assert problems
        assert "hunter2" not in repr(problems)


def test_an_unknown_version_only_warns_of_what_no_release_accepts() -> None:
    match = catalogue_for("lmcache/vllm-openai", "2025-05-27-v1")
    arguments = [
        "model",
        "--prot",
        "1",
        "--num-scheduler-steps",
        "8",
        "--block-size",
        "12",
        "--max-model-len",
        "x",
    ]
    problems = lint_arguments(arguments, match)
    assert [(problem.kind, problem.index) for problem in problems] == [
        ("unknown-flag", 1),
        ("removed-flag", 3),
        ("bad-flag-value", 8),
    ]
    assert {problem.severity for problem in problems} == {Severity.WARNING}


def test_what_an_earlier_patch_may_accept_is_not_accused() -> None:
    arguments = ["model", "--speculative-model", "x"]
    assert lint_arguments(arguments, catalogue_for("vllm/vllm-openai", "v0.8.0")) == []
    assert [problem.kind for problem in lint_arguments(arguments, catalogue_for("vllm/vllm-openai", "v0.8.5"))] == [
        "removed-flag"
    ]


def test_the_router_has_flags_of_its_own() -> None:
    right = ["--service-discovery", "k8s", "--k8s-port", "8000", "--log-stats", "--routing-logic", "session"]
    assert lint_router_arguments(right) == []
    wrong = [
        "--service_discovery",
        "k8s",
        "--routing-logic",
        "random",
        "--log-stats",
        "true",
        "--k8s-prot",
        "1",
        "word",
    ]
    problems = lint_router_arguments(wrong)
    assert [(problem.kind, problem.index) for problem in problems] == [
        ("unknown-flag", 0),
        ("bad-flag-value", 3),
        ("bad-flag-value", 5),
        ("unknown-flag", 6),
    ]
    assert {problem.severity for problem in problems} == {Severity.WARNING}


@pytest.mark.parametrize("flag", sorted(router_catalogue().flags))
def test_every_router_flag_is_accepted(flag: str) -> None:
    facts = router_catalogue().flags[flag]
    words = {"int": "3", "float": "0.5", "str": "word", "bool": None, None: None}
    value = str(facts.choices[0]) if facts.choices else words[facts.type]
    assert lint_router_arguments([flag] if value is None else [flag, value]) == []


def test_environment_names() -> None:
    names = ["HF_TOKEN", "VLLM_API_KEY", "VLLM_LOGING_LEVEL", "VLLM_USE_V1", "VLLM_OF_MY_OWN"]
    exact = lint_environment(names, catalogue_for("vllm/vllm-openai", "v0.33.0"))
    assert [(problem.kind, problem.flag, problem.severity) for problem in exact] == [
        ("unknown-env", "VLLM_LOGING_LEVEL", Severity.WARNING),
        ("removed-env", "VLLM_USE_V1", Severity.WARNING),
        ("unknown-env", "VLLM_OF_MY_OWN", Severity.NOTE),
    ]
    assert exact[0].help == "did you mean `VLLM_LOGGING_LEVEL`?"
    unsure = lint_environment(names, catalogue_for("lmcache/vllm-openai", "latest"))
    assert [problem.flag for problem in unsure] == ["VLLM_LOGING_LEVEL", "VLLM_OF_MY_OWN"]


def test_a_check_costs_a_bounded_number_of_calls_an_argument() -> None:
    match = catalogue_for("vllm/vllm-openai", "v0.11.2")
    models = [shlex.split(command) for tag, command in COMMANDS if tag.startswith("v0.11")] * 25
    fresh = [[f"model-{i}", *arguments[1:]] for i, arguments in enumerate(models)]
    words = sum(map(len, fresh))
    calls = count_calls(lambda: [lint_once.__wrapped__(tuple(given), match.catalogue) for given in fresh])
    assert calls < 50 * words


def test_a_variable_that_a_flag_replaced_says_which() -> None:
    (found,) = lint_environment(["VLLM_ATTENTION_BACKEND"], catalogue_for("vllm/vllm-openai", "v0.15.1"))
    assert found.help == "remove it: `--attention-backend` takes its place"


def test_replaced_variables_were_read_once_and_their_flags_are_there() -> None:
    every = [load_catalogue(version) for version in versions()]
    for variable, flag in REPLACED_BY.items():
        assert any(variable in each.environment for each in every), variable
        assert variable not in every[-1].environment, variable
        assert flag.partition(".")[0] in every[-1].flags, flag
