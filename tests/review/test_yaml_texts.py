"""Random texts of YAML, in every style of it: what an in-process build makes of them, kustomize makes of them too.

`python -m tests.review.test_yaml_texts SEED SECONDS` goes on for longer, and prints the texts that differ.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.review.test_yaml_scalars import DATES, KUSTOMIZATION, SCALARS, spellings

from llmstack import yamlio
from llmstack.kustomize.build import Unsupported
from llmstack.kustomize.build import build as build_in_process
from llmstack.programs import KUSTOMIZE, find_tool

TEXTS = (
    "a", "x y", "yes", "~", "01", "", "é", "a: b", "#c", "- x", "{a", "[b", "*a", "&a", "!x", "%d", "@e", "`f", "> g", "'h", '"i',
    "a\tb", "\u00a0", "\u2028", "\ufeffq", "a\nb", "a\n\nb\n", " lead", "trail ", "\\n", "<<", "=", "\x7f", "\U0001f600", "a" * 90,
)  # fmt: skip
BLOCKS = (
    "text",
    "two\nlines",
    "trail  ",
    "\nlead",
    "a\n\n\nb",
    "  more\nless",
    "# none",
    "tab\there",
    "last\n\n",
    "one\n  more\ntwo",
    "one\n\n\ttab\n",
)
PLAIN = (*SCALARS, *DATES, "word", "some text", "v1.2.3", "http://a/b?c=d#e", "a,b", "50%", "1 2", "-a", "?x", ":y")
KEYS = ("k0", "k1", '"q"', "y", "1", "yes", "~", "? c\n", "<<", "a b", "k2 ")
TAGS = ("!!str", "!!int", "!!float", "!!binary", "!", "!!null", "!!bool")


class Texts:
    """Random values of a manifest as text."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)

    def plain(self) -> str:
        return self.choice.choice((*PLAIN, *spellings(self.choice.randrange(10**9), 1)))

    def scalar(self, indent: int) -> str:
        text = self.choice.choice(TEXTS)
        match self.choice.randrange(12):
            case 0:
                return json.dumps(text, ensure_ascii=self.choice.random() < 0.5)
            case 1:
                return "'" + text.replace("'", "''").replace("\n", "\n\n" + " " * indent) + "'"
            case 2:
                lines = [" " * indent + line if line else "" for line in self.choice.choice(BLOCKS).split("\n")]
                return "\n".join([self.choice.choice("|>") + self.choice.choice(["", "-", "+"]), *lines])
            case 3:
                return self.choice.choice(["*z", f"&z {self.plain()}"])
            case 4:
                return f"{self.choice.choice(TAGS)} {self.plain()}"
            case _:
                return self.plain() + self.choice.choice(["", "", "  # comment"])

    def flow(self, depth: int = 0) -> str:
        count = self.choice.randrange(4)
        match self.choice.randrange(4):
            case 0 if depth < 3:
                return "{" + ", ".join(f"{self.choice.choice('abc1')}{self.entry(depth)}" for _ in range(count)) + "}"
            case 1 if depth < 3:
                return "[" + ", ".join(self.flow(depth + 1) for _ in range(count)) + "]"
            case _:
                text = self.plain()
                return json.dumps(text) if any(sign in text for sign in ",[]{}") else text

    def entry(self, depth: int) -> str:
        return self.choice.choice(("", ": ")) if self.choice.random() < 0.05 else f": {self.flow(depth + 1)}"

    def node(self, indent: int = 2, depth: int = 0) -> str:
        below = range(self.choice.randint(1, 3))
        match self.choice.randrange(8):
            case 0 | 1 if depth < 3:
                keys = [self.choice.choice(KEYS) for _ in below]
                signs = [key + " " * indent if key.endswith("\n") else key for key in keys]
                lines = [f"{sign}:{self.node(indent + 2, depth + 1)}" for sign in signs]
                return "\n" + "\n".join(" " * indent + line for line in lines)
            case 2 if depth < 3:
                return "\n" + "\n".join(" " * indent + f"-{self.node(indent + 2, depth + 1)}" for _ in below)
            case 3:
                return f" {self.flow()}"
            case _:
                return f" {self.scalar(indent + 2)}"

    def document(self, name: str) -> str:
        annotations = f", annotations: {{a: {self.flow(3)}}}" if self.choice.random() < 0.3 else ""
        anchored = self.choice.choice(["zed", "{m: 1}"])
        directive = "%YAML 1.1\n---\n" if self.choice.random() < 0.01 else ""
        head = f"{directive}apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: {name}{annotations}}}\n"
        return f"{head}z: &z {anchored}\nspec:{self.node()}\n"


def built_in_process(seed: int, number: int) -> Iterator[tuple[str, list[Any]]]:
    """Random documents of which the in-process build says what they become, and what that is."""
    texts = Texts(seed)
    for count in range(number):
        text = texts.document(f"w{count}")
        try:
            yield text, build_in_process({"w.yaml": text, "kustomization.yaml": KUSTOMIZATION}.get, ".")
        except Unsupported:
            continue


def differing(pairs: list[tuple[str, list[Any]]], program: Path) -> list[str]:
    """The documents that kustomize makes something else of, or refuses, found by halves."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kustomization.yaml").write_text(KUSTOMIZATION)
        Path(folder, "w.yaml").write_text("---\n".join(text for text, _ in pairs), encoding="utf-8")
        done = subprocess.run([program, "build", folder], capture_output=True, check=False)
    said = yamlio.load_all(done.stdout.decode()) if done.returncode == 0 else None
    if said == [item for _, items in pairs for item in items]:
        return []
    half = len(pairs) // 2
    return [pairs[0][0]] if not half else differing(pairs[:half], program) + differing(pairs[half:], program)


@pytest.mark.parametrize("seed", range(4))
def test_texts_are_what_kustomize_reads(seed: int) -> None:
    pairs = list(built_in_process(seed, 400))
    assert len(pairs) > 60
    assert differing(pairs, find_tool(KUSTOMIZE, _tools())) == []


def _tools() -> Path | None:
    return Path(os.environ["LLMSTACK_TOOLS"]) if os.environ.get("LLMSTACK_TOOLS") else None


if __name__ == "__main__":
    began, seed, count, found = time.monotonic(), int(sys.argv[1]), 0, 0
    while time.monotonic() - began < float(sys.argv[2]):
        pairs = list(built_in_process(seed, 400))
        for text in differing(pairs, find_tool(KUSTOMIZE, _tools())) if pairs else ():
            found += 1
            print(repr(text), flush=True)
        seed, count = seed + 1_000_000, count + len(pairs)
    print(f"{count} texts were built in process, {found} differ")
