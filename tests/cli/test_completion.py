"""What bash is offered, by the protocol of the script that `--show-completion` prints."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox
from tests.cli.transcript import REPOSITORIES


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The repository `small`, as a shell finds it."""
    sandbox = make_sandbox(tmp_path_factory.mktemp("completion"))
    shutil.copytree(REPOSITORIES / "small", sandbox.root, dirs_exist_ok=True)
    return sandbox


def offered(sandbox: Sandbox, words: str, folder: str = ".") -> list[str]:
    """What may stand in the place of the last word, which is empty after a blank."""
    number = len(words.split()) - (not words.endswith(" "))
    script = (
        f"cd {folder} && COMP_WORDS={shlex.quote(words)} COMP_CWORD={number} _LLMSTACK_COMPLETE=complete_bash llmstack"
    )
    output, code = sandbox.run(script)
    assert code == 0, output
    return output.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("llmstack ge", ["gen"]),
        ("llmstack gen ", ["dev", "prod"]),
        ("llmstack render p", ["prod"]),
        ("llmstack gen --only ", ["llama", "qwen"]),
        ("llmstack fit prod q", ["qwen"]),
        ("llmstack fit --gpu H100-8", ["H100-80GB"]),
        ("llmstack lint --format s", ["sarif"]),
        ("llmstack diff --format ma", ["markdown"]),
        ("llmstack diff --fail-on ", ["error", "warning", "never"]),
        ("llmstack status --format ", ["table", "json"]),
        ("llmstack explain mutable-t", ["mutable-tag"]),
        ("llmstack explain gpu-s", ["gpu-shortage"]),
        ("llmstack explain gitops.sync.t", ["gitops.sync.tool"]),
        ("llmstack help val", ["validate"]),
        ("llmstack learn m", ["model"]),
        ("llmstack adopt prod --let-go l", ["llama"]),
        ("llmstack diff ", []),
    ],
)
def test_a_word_is_completed(small: Sandbox, words: str, expected: list[str]) -> None:
    assert offered(small, words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("llmstack diff ", ["HEAD", "feature/a", "main", "v1"]),
        ("llmstack diff main f", ["feature/a"]),
        ("llmstack validate --since m", ["main"]),
        ("llmstack verify v", ["v1"]),
        ("llmstack diff --rules-from m", ["main"]),
        ("llmstack diff --env p", ["prod"]),
        ("llmstack gen --prune-env ", ["staging"]),
    ],
)
def test_branches_tags_and_trees_without_values(tmp_path: Path, words: str, expected: list[str]) -> None:
    sandbox = make_sandbox(tmp_path)
    shutil.copytree(REPOSITORIES / "small", sandbox.root, dirs_exist_ok=True)
    made = "git init -q -b main && git add -A && git commit -qm a && git tag v1 && git branch feature/a"
    assert sandbox.run(f"{made} && mkdir -p overlays/staging overlays/prod")[1] == 0
    assert offered(sandbox, words) == expected


def test_it_works_from_a_folder_below(small: Sandbox) -> None:
    assert offered(small, "llmstack gen ", "values") == ["dev", "prod"]


def test_values_that_cannot_be_read_are_no_error(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path)
    assert offered(sandbox, "llmstack gen ") == []
    sandbox.write(
        {"values/a.yaml": "servingEngineSpec: {modelSpec: [{name: m}, 1, {name: [x]}]}\n", "values/b.yaml": "a: ["}
    )
    assert offered(sandbox, "llmstack gen --only ") == ["m"]
    sandbox.write({"values/a.yml": "{}\n"})
    assert offered(sandbox, "llmstack gen ") == []
