"""Example files of the rules, and what the rules say of them.

`tests/checks/<rule>/bad/*.yaml` says what is to be found: `# expect: <id> @ <key path>`, or `@ line <number>` for a finding
on a comment, as often as needed. `x.base.yaml` beside `x.yaml` is the layer under it, `x.other.yaml` another environment, `x.facts.yaml` the facts
of its models, as documents, `x.cluster.yaml` those of its cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from llmstack import yamlio
from llmstack.checks import run_checks, settle
from llmstack.checks.neighbour import describe
from llmstack.checks.subject import Subject
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import facts_of, file_name
from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.cluster_file import read_cluster
from llmstack.finding import Finding, show_route
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.values.layers import Layers
from llmstack.values.source import read_source

FOLDER = Path(__file__).parent
_EXPECT = re.compile(r"# expect: ([a-z-]+) @ (.*?)\s*$", re.MULTILINE)
_COMPANIONS = (".base", ".other", ".facts", ".cluster")


def example_files(kind: str) -> list[Path]:
    """The files of all rules, `ok` or `bad` ones."""
    return sorted(file for file in FOLDER.glob(f"*/{kind}/*.yaml") if file.with_suffix("").suffix not in _COMPANIONS)


def name_of(file: Path) -> str:
    return file.relative_to(FOLDER).with_suffix("").as_posix()


def expected(file: Path) -> list[tuple[str, str]]:
    """Ids and places that a file says are to be found."""
    return sorted(_EXPECT.findall(file.read_text()))


def read(file: Path) -> tuple[Layers, Stack]:
    """An example as values, its base layer under it. Fails where the model refuses it."""
    base = file.with_suffix(".base.yaml")
    files = [*([base] if base.exists() else []), file]
    layers, stack, findings = read_stack([read_source(f"values/{each.name}", each.read_bytes()) for each in files])
    assert stack is not None, [(finding.id, finding.message, str(finding.place)) for finding in findings]
    return layers, stack


def known_facts(file: Path) -> dict[str, ModelFacts]:
    """The facts beside an example, by the path of their file below facts/."""
    beside = file.with_suffix(".facts.yaml")
    facts = [facts_of(each) for each in yamlio.load_all(beside.read_text())] if beside.exists() else []
    return {f"models/{file_name(each.model)}": each for each in facts}


def known_cluster(file: Path) -> ClusterFacts | None:
    """The facts of its cluster beside an example."""
    beside = file.with_suffix(".cluster.yaml")
    return read_cluster(beside.read_text()) if beside.exists() else None


def settled(file: Path) -> list[Finding]:
    """All findings of the checks on an example, as a user sees them."""
    layers, stack = read(file)
    other = file.with_suffix(".other.yaml")
    others = {"other": describe(read(other)[1])} if other.exists() else {}
    found = run_checks(Subject(file.stem, stack, layers, others, facts=known_facts(file), cluster=known_cluster(file)))
    return list(settle(found, layers, dict(stack.gitops.checks or {})))


def found(file: Path, rule: str) -> Iterator[tuple[str, str]]:
    """Ids and places of one rule's findings on an example."""
    for finding in settled(file):
        if finding.id == rule:
            assert finding.place is not None
            place = f"line {finding.place.line}" if finding.route is None else show_route(finding.route)
            yield finding.id, place
