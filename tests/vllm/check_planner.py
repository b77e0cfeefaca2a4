"""Blocks, groups and concurrency are those that vLLM's own planner makes of the same layers and memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmstack.engine.blocks import ADMITS_BY_FIRST, ADMITS_BY_GROUPS, Layout, layout_of
from llmstack.engine.facts import Sizes
from llmstack.flags.release import read_release
from tests.vllm.fetch import FOLDER, RELEASES

PLANNER = Path(__file__).with_name("planner.py")
QUESTIONS = 1500
KINDS = ("full", "latent", "sliding", "mixed")


def draw(dice: random.Random) -> dict[str, Any]:
    """One random worker: its layers, the size of its keys and values, its memory, and the longest request."""
    kind = dice.choice(KINDS)
    layers = dice.randint(1, 96)
    if kind == "mixed":
        pattern = dice.choice([2, 3, 4, 5, 6, 8])
        layers = max(layers, pattern)
        kinds = ["full" if number % pattern == pattern - 1 else "sliding" for number in range(layers)]
    else:
        kinds = [kind] * layers
    latent = kind == "latent"
    return {
        "layers": kinds,
        "window": dice.choice([128, 512, 1024, 4096]),
        "blockSize": dice.choice([16, 16, 32, 64, 128]),
        "kvHeads": 1 if latent else dice.choice([1, 2, 4, 8, 16, 32]),
        "headDim": dice.choice([320, 576]) if latent else dice.choice([64, 80, 96, 128, 256]),
        "element": dice.choice([1, 2, 2, 2, 4]),
        "memory": int(10 ** dice.uniform(7, 11)),
        "length": int(10 ** dice.uniform(1, 6)),
        "tokens": dice.choice([512, 2048, 8192]),
    }


def ours(question: dict[str, Any], release: str) -> Layout:
    kinds = question["layers"]
    latent, sliding = kinds[0] == "latent", kinds.count("sliding")
    sizes = Sizes(
        layers=len(kinds),
        kv_heads=question["kvHeads"],
        head_dim=question["headDim"],
        kv_rank=question["headDim"] - 64 if latent else 0,
        rope_dim=64 if latent else 0,
        sliding_layers=sliding,
        window=question["window"] if sliding else 0,
    )
    minor = read_release(release).minor
    layout = layout_of(sizes, len(kinds), 1, question["element"], question["blockSize"], minor)
    assert layout is not None
    return layout


@pytest.fixture(scope="module", params=RELEASES)
def answered(request: pytest.FixtureRequest) -> tuple[str, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """A release, and random questions with what its planner answers."""
    release = request.param
    dice = random.Random(f"planner {release}")
    questions = [draw(dice) for _ in range(QUESTIONS)]
    command = [sys.executable, str(PLANNER), str(FOLDER / release)]
    done = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return release, list(zip(questions, json.loads(done.stdout), strict=True))


def test_an_engine_starts_where_the_planner_lets_it(answered: Any) -> None:
    release, pairs = answered
    for question, answer in pairs:
        layout = ours(question, release)
        fits = layout.admits(question["memory"], question["length"], question["tokens"])
        if counts_one_kind_alone(release) and layout.groups > 1:
            assert fits or not answer["fits"], question
            assert answer["fits"] or layout.requests(question["memory"], question["length"], question["tokens"]) < 1
        else:
            assert fits == answer["fits"], question
    assert {answer["fits"] for _, answer in pairs} == {True, False}


def counts_one_kind_alone(release: str) -> bool:
    """Whether admission counts the first group of layers alone, which facts do not tell."""
    return ADMITS_BY_FIRST <= read_release(release).minor < ADMITS_BY_GROUPS


def test_blocks_groups_and_requests_are_the_planners(answered: Any) -> None:
    release, pairs = answered
    for question, answer in pairs:
        if answer["fits"]:
            layout = ours(question, release)
            assert layout.blocks(question["memory"]) == answer["blocks"], question
            assert layout.groups == answer["groups"], question
            requests = layout.requests(question["memory"], question["length"], question["tokens"])
            assert requests == pytest.approx(answer["requests"]), question
