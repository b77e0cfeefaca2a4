"""YAML means what kustomize says it means: scalars, merge keys and keys that come twice, read as the real one reads them, and
strings that we write come out of it as they are."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.kustomize.build import Unsupported
from llmstack.kustomize.build import build as build_in_process

Build = Callable[[Mapping[str, str], str], list[dict[str, Any]]]

HEAD = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [w.yaml]\n"

SCALARS = [
    "0o10",
    "010",
    "0x10",
    "1_0",
    "-_8_6",
    "0b11",
    "-0b11",
    "0X1f",
    "+1",
    "+0x1",
    "-0x1",
    "1e3",
    "1E3",
    "1.0",
    "1.",
    ".5",
    "-.5",
    "+.5",
    "1e+3",
    "12e4567",
    "1_000.5",
    "0.1e-2",
    "nan",
    "inf",
    "1:30",
    "190:20:30",
    "2020-01-01T00:00:00Z",
    "y",
    "n",
    "yes",
    "on",
    "Off",
    "True",
    "TRUE",
    "tRue",
    "~",
    "Null",
    "nULL",
    "08",
    "09",
    "0_8",
    "1__0",
    "_1",
    "1_",
    "0x_1",
    "0o8",
    "0o7",
    "-0o10",
    "0O10",
    "99999999999999999999",
    "18446744073709551615",
    "9223372036854775808",
    "-9223372036854775809",
    "0x8000000000000000",
    "0xFFFFFFFFFFFFFFFFF",
    "1e400",
    "-1e400",
    "1e-400",
    "<<",
    "=",
    "0b2",
    "0xg",
    "1e",
    "1e3_0",
    "1_e3",
    "--1",
    "+-1",
    "0.",
    "-0",
    "-0.0",
    "00",
    "0.0",
    "1.5_5",
    "._1",
    "0x1.8p1",
    "Infinity",
    "NaN",
    "0o",
    "0x",
    "0b",
    "0__",
    "+",
    ".",
    "0777",
    "0b1010_0111",
    "2_0:1",
    "1e20",
    "1e19",
    "1e21",
    "12345678901234567890.5",
]
"""Spellings of numbers, dates, truth and nothing in YAML 1.1, YAML 1.2 and Go, and what nearly is one."""

DATES = ["2020-01-01", "2020-1-1", "2020-13-01", "2020-02-30"]
"""They are text in annotations and times elsewhere, which an in-process build leaves to kustomize."""

LETTERS = "00117789_.-+eExobBOaF"


def spellings(seed: int, number: int) -> list[str]:
    choice = random.Random(seed)
    made = ["".join(choice.choices(LETTERS, k=choice.randint(1, 8))) for _ in range(number)]
    return [text for text in made if text != "-" and not text.startswith("---") and not is_unclear(text)]


def is_unclear(text: str) -> bool:
    """Whether it has a sign within: a number to kustomize, which writes the same text without quotes."""
    return re.match(r"0[bo][-+]", text.replace("_", "")) is not None


def document(scalars: Sequence[str]) -> str:
    return f"{HEAD}spec:\n" + "".join(f"  k{number}: {text}\n" for number, text in enumerate(scalars))


@pytest.mark.parametrize("scalars", [SCALARS, spellings(1, 2000)], ids=["known", "random"])
def test_plain_scalars_are_what_kustomize_reads(kustomize: Build, scalars: list[str]) -> None:
    tree = {"w.yaml": document(scalars), "kustomization.yaml": KUSTOMIZATION}
    (wanted,) = kustomize(tree, ".")
    for read in (yamlio.load(tree["w.yaml"]), build_in_process(tree.get, ".")[0]):
        for number, text in enumerate(scalars):
            found, right = read["spec"][f"k{number}"], wanted["spec"].get(f"k{number}")
            assert (text, type(found), found) == (text, type(right), right)


def test_dates_are_what_kustomize_reads(kustomize: Build) -> None:
    text = document(DATES)
    (wanted,) = kustomize({"w.yaml": text, "kustomization.yaml": KUSTOMIZATION}, ".")
    assert yamlio.load(text)["spec"] == wanted["spec"]


@pytest.mark.parametrize("text", [
    "b: &b {x: 1, y: 2}\nspec: {<<: *b, y: 3}\n",
    "b: &b {x: 1, y: 2}\nspec: {y: 3, <<: *b}\n",
    "b: &b {x: 1, y: 2}\nc: &c {x: 5, z: 1}\nspec: {<<: [*b, *c], y: 3}\n",
    "b: &b {x: 1}\nc: &c {<<: *b, y: 2}\nspec: {<<: *c, z: 1}\n",
    "spec: [{<<: {a: 1}, a: 2}]\n",
    "spec: {y: a, no: b, '': c}\n",
])  # fmt: skip
def test_merge_keys_are_merged_as_kustomize_does(kustomize: Build, text: str) -> None:
    tree = {"w.yaml": HEAD + text, "kustomization.yaml": KUSTOMIZATION}
    assert build_in_process(tree.get, ".") == kustomize(tree, ".")


@pytest.mark.parametrize("text", [
    "spec: {1: a}\n", "spec: {true: a}\n", "spec: {010: a}\n", "spec: {~: a}\n", "spec: {2020-01-01: a}\n",
    "spec: {a: 1, a: 2}\n", 'spec: {1: a, "1": b}\n', "spec: {'<<': {x: 1}}\n", "spec: {<<: 5}\n",
    "b: &b [1]\nspec: {<<: *b}\n", "b: &b {x: 1}\nspec: {<<: *b, <<: {z: 2}}\n", "spec: {a: .inf}\n", "spec: [-.INF]\n",
    "spec: {a: .NaN}\n", "spec:\n  a: 2001-12-14T21:59:43,5Z\n", "spec:\n  a: 2001-12-14t21:59:43.10-05:00\n", "spec: [[[.inf]]]\n", "spec: {a: 0o-7}\n", "spec: {? [a] : b}\n",
    "spec: {a: 2020-01-01}\n", "spec: [a?b]\n", "spec: [1, ?x]\n", "spec: !!null x\n", "spec: !!bool NaN\n", "spec: !!int 1e21\n",
    "spec: !!binary aGVsbG8=\n", "spec: !!set {a}\n", "spec: !x {a: b}\n", "spec: ! x\n", 'spec: "\\x7f"\n', 'spec: "\\0"\n',
    "spec: >+\n  a\n\n\n", "spec:\n- >2+\n    a\n\n", "spec: [{<<: {a: 1, a: 2}}]\n", "spec: [{<<: [{~: 1}]}]\n",
    "spec: >\n  a\n   b\n  c\n", "spec:\n- >- # c\n    a\n\n    \tb\n", "spec: {a}\n", "spec: {a: , b: 1}\n",
    "spec: {a: 1}\r---\r", "spec: {a: 1}\n# c\u2028---\n", "spec: {a: 1}\u0085", "spec: {a: 1}\n...\n", "spec: {a: 1}\n---x: y\n",
    "spec: {a: 1}\n--- &a\n" + HEAD, 'spec: {a: "\\N"}\n', 'spec: {a: "x\\/y"}\n', "spec: {a: \ufffd}\n", "spec: {'a'}\n", "spec: [a: , b]\n",
])  # fmt: skip
def test_what_kustomize_refuses_or_reads_in_its_own_way_is_left_to_it(text: str) -> None:
    tree = {"w.yaml": HEAD + text, "kustomization.yaml": KUSTOMIZATION}
    with pytest.raises(Unsupported):
        build_in_process(tree.get, ".")


@pytest.mark.parametrize(
    "head", ["%YAML 1.1\n---\n", "%YAML 1.2 # c\n---\n", "%TAG ! tag:x,2026:\n---\n", "\ufeff%YAML 1.1\n---\n"]
)
def test_a_directive_is_kustomizes_to_refuse(kustomize: Build, head: str) -> None:
    tree = {"w.yaml": head + HEAD, "kustomization.yaml": KUSTOMIZATION}
    with pytest.raises(Unsupported):
        build_in_process(tree.get, ".")
    with pytest.raises(AssertionError):
        kustomize(tree, ".")


@pytest.mark.parametrize(
    "text", ["!!bool NaN", "!!int abc", "!!float x", "!!set {a}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!binary /w==", "!x y"]
)  # fmt: skip
def test_what_a_tag_makes_no_sense_of_is_an_error_of_yaml(text: str) -> None:
    with pytest.raises(yamlio.YAMLError):
        yamlio.load_all(f"a: {text}\n")


def test_what_other_tags_make_is_what_json_has() -> None:
    text = "{a: !!binary aGVsbG8=, b: !!bool TRUE, c: !!str 1, d: !!int 0o10, e: !!null x}"
    assert yamlio.load(text) == {"a": "hello", "b": True, "c": "1", "d": 8, "e": None}


def test_strings_that_we_write_come_out_as_they_are(kustomize: Build) -> None:
    choice = random.Random(7)
    letters = LETTERS + " :#'\"\\,[]{}&*!|>%@`~=<ynYNtrufalse/$()\n\té中"
    texts = [*SCALARS, *spellings(2, 1500), ".inf", "-.INF", "---", "-", "- a"]
    texts += ["".join(choice.choices(letters, k=choice.randint(0, 12))) for _ in range(1500)]
    spec = {f"k{number}": text for number, text in enumerate(texts)}
    text = HEAD + yamlio.dump({"spec": spec})
    (built,) = kustomize({"w.yaml": text, "kustomization.yaml": KUSTOMIZATION}, ".")
    assert built["spec"] == spec
    assert yamlio.load(text)["spec"] == spec


def test_keys_are_text() -> None:
    """What is no manifest, and so not refused by kustomize, is read with the keys as they are written."""
    assert yamlio.load("{1: a, true: b, 0o10: c, ~: d}") == {"1": "a", "true": "b", "0o10": "c", "~": "d"}
