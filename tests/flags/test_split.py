"""Argument lists as flags and values, and the sizes of parallelism."""

from __future__ import annotations

from llmstack.flags import ParallelSizes, load_catalogue, parallel_sizes, split_flags

ARGUMENTS = [
    "org/model",
    "--max_model_len=16k",
    *("--served-model-name", "a", "b"),
    "--enforce-eager",
    *("-tp", "2"),
    "--no-enable-prefix-caching",
    "--compilation-config.use_inductor=1",
    *("--max-logprobs", "-1"),
]


def test_without_a_catalogue() -> None:
    assert [(given.name, given.value, given.index) for given in split_flags(ARGUMENTS)] == [
        ("", "org/model", 0),
        ("--max-model-len", "16k", 1),
        ("--served-model-name", "a b", 2),
        ("--enforce-eager", None, 5),
        ("-tp", "2", 6),
        ("--no-enable-prefix-caching", None, 8),
        ("--compilation-config.use_inductor", "1", 9),
        ("--max-logprobs", "-1", 10),
    ]


def test_with_a_catalogue_names_are_resolved() -> None:
    given = split_flags([*ARGUMENTS, "--unknwon", "x"], load_catalogue("0.11.2"))
    assert [(flag.name, flag.value, flag.index) for flag in given] == [
        ("", "org/model", 0),
        ("--max-model-len", "16k", 1),
        ("--served-model-name", "a b", 2),
        ("--enforce-eager", None, 5),
        ("--tensor-parallel-size", "2", 6),
        ("--enable-prefix-caching", "false", 8),
        ("--compilation-config.use_inductor", "1", 9),
        ("--max-logprobs", "-1", 10),
        ("--unknwon", "x", 12),
    ]


def test_a_flag_without_values_leaves_the_model_alone() -> None:
    arguments = ["--enforce-eager", "org/model"]
    assert [given.name for given in split_flags(arguments)] == ["--enforce-eager"]
    assert [given.name for given in split_flags(arguments, load_catalogue("0.11.2"))] == [
        "--enforce-eager",
        "",
    ]


def test_parallel_sizes() -> None:
    assert parallel_sizes(["m"]) == ParallelSizes(tensor=1, pipeline=1, data=1, data_local=None)
    assert parallel_sizes(["m", "-tp", "4", "-pp=2", "--data-parallel-size", "8", "-dpl", "4"]) == ParallelSizes(
        tensor=4, pipeline=2, data=8, data_local=4
    )
    assert parallel_sizes(["m", "--tensor_parallel_size=2", "--tensor-parallel", "8"]).tensor == 8
    assert parallel_sizes(["m", "-tp", "$(TP)"]).tensor is None
    assert parallel_sizes(["m", "--nnodes", "2"]).nodes == 2
