"""`diff --generate`: what a review says before `gen` has run is what it says after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox

CHANGES = {
    "an image": "sed -i 's/v0.11.2/v0.11.0/' values/base.yaml",
    "a field of one model": "sed -i 's/maxModelLen: 32768/maxModelLen: 65536/' values/prod.yaml",
    "a model that goes": "sed -i '0,/- name: /s//- enabled: false\\n      name: /' values/prod.yaml",
    "a new environment": "sed s/prod/stage/ values/prod.yaml > values/stage.yaml",
    "nothing": "true",
}


@pytest.fixture
def fleet(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path, "sed", "cp")
    for command in ("llmstack init .", "git init -q -b main", "llmstack gen", "git add --all", "git commit -qm first"):
        output, code = sandbox.run(command)
        assert code == 0, output
    return sandbox


def _review(fleet: Sandbox, *options: str) -> dict[str, object]:
    output, code = fleet.run(f"llmstack diff --format json {' '.join(options)} 2>/dev/null")
    assert code == 0, output
    review = json.loads(output)
    assert isinstance(review, dict)
    return review


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_review_before_gen_is_that_after_it(fleet: Sandbox, change: str) -> None:
    assert fleet.run(change) == ("", 0)
    before = _review(fleet, "--generate", "HEAD")
    assert before.pop("generated") is True
    fleet.run("git add --all && git commit -qm values")
    committed = _review(fleet, "--generate", "HEAD~1", "HEAD") if change != "true" else None
    if committed is not None:
        assert {**committed, "to": "worktree"} | {"generated": True, "from": before["from"]} == before | {
            "generated": True
        }
    fleet.run("llmstack gen")
    after = _review(fleet, "HEAD~1" if change != "true" else "HEAD")
    assert after.pop("generated") is False
    assert before == after


def test_values_with_errors_are_told_and_nothing_is_reviewed(fleet: Sandbox) -> None:
    fleet.run("sed -i s/modelURL/modelUrl/ values/prod.yaml")
    output, code = fleet.run("llmstack diff --generate HEAD")
    assert code == 1
    assert "unknown-key" in output


def test_the_report_says_so(fleet: Sandbox) -> None:
    fleet.run("sed -i 's/v0.11.2/v0.11.0/' values/base.yaml")
    for format in ("text", "markdown", "html"):
        output, code = fleet.run(f"llmstack diff --generate --format {format} HEAD")
        assert code == 0
        assert "worktree as gen would write it" in output
