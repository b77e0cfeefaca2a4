"""The order of commits that `diff` proposes, on a cluster of two environments, in every report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sync.repository import POOL, environment, model, new_repository


def surging(name: str, tag: str) -> dict[str, Any]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return {**model(name, tag=tag, replicaCount=1), "strategy": strategy}


def test_an_order_over_two_environments_is_told_once_in_every_report(tmp_path: Path) -> None:
    pool = {**POOL, "count": 4}

    def values(tag: str) -> dict[str, dict[str, Any]]:
        return {
            "dev": environment(surging("llama", tag), capacity=[pool]),
            "prod": environment(surging("llama", tag), surging("qwen", tag), namespace="prod", capacity=[pool]),
        }

    repository = new_repository(tmp_path / "repository", **values("v0.11.2"))
    repository.values(**values("v0.12.0"))
    waves = repository.review()["clusters"]["c1"]["waves"]
    assert [[(each["env"], each["model"]) for each in wave["members"]] for wave in waves] == [
        [("dev", "llama")], [("prod", "llama")], [("prod", "qwen")],
    ]  # fmt: skip
    assert [wave["seconds"] for wave in waves] == [300, 300, 300]
    text = repository.llmstack("diff", "HEAD")
    told = "c1: in 3 commits, each once the last is done, it finishes after 15 min (tried):\n  1. dev/llama (5 min)\n"
    assert text.count(told) == 1
    markdown = repository.llmstack("diff", "HEAD", "--format", "markdown")
    assert "#### Order of commits that finishes\n\n- `c1`: in 3 commits" in markdown
    assert "<li>dev/llama (5 min)</li>" in repository.llmstack("diff", "HEAD", "--format", "html")
