"""A set of kinds or of resource names is written once: a copy goes its own way sooner or later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from llmstack.kubernetes.scopes import CLUSTER_SCOPED
from llmstack.kubernetes.workloads import WORKLOADS

PACKAGE = Path(__file__).resolve().parents[2] / "generator" / "llmstack"
KINDS = {re.split(r"[-_]", path.stem)[0] for path in (PACKAGE / "schemas").rglob("*.json")} | {
    kind.lower() for kind in (*WORKLOADS, *CLUSTER_SCOPED)
}
"""Every kind that the package has a schema of, or a table knows, in lower case."""
RESOURCE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z][\w.-]*")
ALIKE = 0.6
"""Two sets are largely the same when they have this part of their union in common."""
LARGE, HELD = 10, 0.8
"""So they are when one holds ten names of the other or more, and this part of it."""

REASONS = {
    ("checks/rules/dead_trigger.py", "kubernetes/replicas.py"):
        "how each kind of scaler states its triggers, which is no list of kinds",
    ("kubernetes/revisions.py", "kubernetes/workloads.py"):
        "a function for each kind, which tests/kubernetes/test_workloads.py holds complete against the table",
    ("kubernetes/scopes.py", "kustomize/references.py"):
        "kustomize's own table, of the kinds and versions that its release knows: it leaves out what is newer",
    ("kubernetes/scopes.py", "review/grants.py"):
        "what each kind that stands before the API does, a sentence for each, which is no list of kinds",
    ("model/gitops.py", "model/gitops.py"):
        "a type, and what `gitops.existing` lists of each of its members: mypy holds the keys to the type",
}  # fmt: skip
"""Pairs of modules that may hold sets which are largely the same, and why."""


@dataclass(frozen=True)
class Words:
    """The kinds and resource names of one literal, and where it is."""

    module: str
    line: int
    names: frozenset[str]

    def is_like(self, other: Words) -> bool:
        common = len(self.names & other.names)
        if common < 2:
            return False
        held = common / min(len(self.names), len(other.names))
        return common / len(self.names | other.names) >= ALIKE or (common >= LARGE and held >= HELD)


def _is_name(word: str) -> bool:
    return (word[:1].isupper() and word.lower() in KINDS) or RESOURCE.fullmatch(word) is not None


def literals(module: str, text: str) -> Iterator[Words]:
    """Yield each literal set, tuple, list or map whose members, or keys, are mostly kinds or resource names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Set | ast.Tuple | ast.List):
            members: list[ast.expr] = list(node.elts)
        elif isinstance(node, ast.Dict):
            members = [key for key in node.keys if key is not None]
        else:
            continue
        words = {each.value for each in members if isinstance(each, ast.Constant) and isinstance(each.value, str)}
        names = frozenset(word for word in words if _is_name(word))
        if len(names) >= 2 and 2 * len(names) >= len(words):
            yield Words(module, node.lineno, names)


FOUND = [
    words
    for path in sorted(PACKAGE.rglob("*.py"))
    for words in literals(str(path.relative_to(PACKAGE)), path.read_text(encoding="utf-8"))
]
ALIKES = [(one, other) for one, other in combinations(FOUND, 2) if one.is_like(other)]


def test_the_law_sees_what_is_written() -> None:
    assert {words.module for words in FOUND} >= {"kubernetes/workloads.py", "kubernetes/scopes.py"}
    twice = 'A = frozenset(("Deployment", "StatefulSet"))\nB = {"Deployment": 1, "StatefulSet": 2, "text": 3}\n'
    one, other = literals("a.py", twice)
    assert one.is_like(other)
    gpus = 'A = ("nvidia.com/gpu", "amd.com/gpu")\nB = ["amd.com/gpu", "nvidia.com/gpu", "google.com/tpu"]\n'
    one, other = literals("a.py", gpus)
    assert one.is_like(other)


def test_no_set_of_kinds_or_resources_is_written_twice() -> None:
    twice = [
        f"{one.module}:{one.line} and {other.module}:{other.line}: {', '.join(sorted(one.names & other.names))}"
        for one, other in ALIKES
        if (one.module, other.module) not in REASONS
    ]
    assert not twice, "\n".join(twice)


@pytest.mark.parametrize("pair", REASONS, ids="+".join)
def test_every_exception_is_needed(pair: tuple[str, str]) -> None:
    assert pair in {(one.module, other.module) for one, other in ALIKES}


SECRET_WORDS = frozenset(("token", "password", "passwd", "passphrase", "secret", "credential", "credentials", "apikey"))
"""Words of which two together decide what is a secret: that is for secrecy/ alone to say."""


def secret_lists(text: str) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the line and the words of each set, tuple, list, map or pattern that holds two of the words."""
    for node in ast.walk(ast.parse(text)):
        words: list[str] = []
        if isinstance(node, ast.Set | ast.Tuple | ast.List | ast.Dict):
            members = node.keys if isinstance(node, ast.Dict) else node.elts
            words = [each.value for each in members if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\w\|\w", node.value):
            words = re.findall(r"[A-Za-z_]+", node.value)
        found = frozenset(word.lower().replace("_", "") for word in words) & SECRET_WORDS
        if len(found) > 1:
            yield node.lineno, found


def test_what_names_a_secret_is_said_in_one_room() -> None:
    sample = 'A = 1\nB = re.compile(r"TOKEN|PASSWORD$")\nC = ("secret", "token")\n'
    assert {line for line, _ in secret_lists(sample)} == {2, 3}
    rooms = {
        path.relative_to(PACKAGE).parts[0]
        for path in sorted(PACKAGE.rglob("*.py"))
        if list(secret_lists(path.read_text(encoding="utf-8")))
    }
    assert rooms == {"secrecy"}
