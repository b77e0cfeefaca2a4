"""What llmstack makes of the chart's values files, against what Helm made of them.

Every difference is a departure on purpose (departures.py), and every departure occurs: hits.json counts them over all
cases. `pytest --update` rewrites it; read what it wrote.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmstack import schemas, yamlio
from llmstack.objects.components import build_all
from llmstack.objects.placed import Object
from llmstack.programs import KUBECONFORM, find_tool, kubeconform_texts
from tests.parity.compare import Difference, differences
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.departures import DEPARTURES, explain, renamed
from tests.parity.prepare import RELEASE, stack_of

HITS = Path(__file__).parent / "hits.json"
CASES = [*own_cases(), *corpus_cases()]
NO_CASES = "no values files with Helm's rendering: set LLMSTACK_CORPUS to a folder with values/ and helm-rendered/"


def ours(case: Case) -> list[Object]:
    return [placed.object for placed in build_all(stack_of(case))]


def compared(case: Case) -> list[Difference]:
    helm = yamlio.load_all(case.rendered.read_text(encoding="utf-8"))
    return list(differences(helm, ours(case), renamed(helm, RELEASE)))


def report(unexplained: Sequence[Difference]) -> str:
    """The differences as a person reads them, those of one object together."""
    return "\n".join(
        ["", f"{len(unexplained)} differences to Helm that no departure explains:", *map(str, unexplained)]
    )


@pytest.mark.parametrize(
    "case", CASES or [pytest.param(None, marks=pytest.mark.skip(NO_CASES))], ids=lambda c: c and c.name
)
def test_every_difference_to_helm_is_a_departure(case: Case) -> None:
    unexplained = [difference for difference in compared(case) if explain(difference) is None]
    assert not unexplained, report(unexplained)


@pytest.mark.skipif(not CASES, reason=NO_CASES)
def test_objects_of_all_cases_pass_kubeconform() -> None:
    folder = os.environ.get("LLMSTACK_TOOLS")
    program = find_tool(KUBECONFORM, Path(folder) if folder else None)
    texts = {case.name: "---\n".join(yamlio.dump(object) for object in ours(case)) for case in CASES}
    verdicts = kubeconform_texts(
        program, texts, kubernetes_version=schemas.full_version("1.34"), schema_locations=schemas.locations()
    )
    assert len(verdicts) > len(CASES)
    assert [verdict for verdict in verdicts if verdict.status != "valid"] == []


@pytest.mark.skipif(not corpus_cases(), reason=NO_CASES)
def test_hits_are_as_committed(request: pytest.FixtureRequest) -> None:
    differences: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for case in CASES:
        found = [departure.id for difference in compared(case) if (departure := explain(difference))]
        differences.update(found)
        cases.update(set(found))
    table = {id: {"cases": cases[id], "differences": differences[id]} for id in sorted(differences)}
    if request.config.getoption("--update"):
        HITS.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    assert json.loads(HITS.read_text(encoding="utf-8")) == table


def test_every_departure_has_a_hit_in_the_committed_table() -> None:
    table = json.loads(HITS.read_text(encoding="utf-8"))
    ids = [departure.id for departure in DEPARTURES]
    assert len(ids) == len(set(ids))
    assert sorted(table) == sorted(ids)
    assert all(counts["cases"] > 0 and counts["differences"] > 0 for counts in table.values())


def test_every_departure_says_what_allows_it() -> None:
    for departure in DEPARTURES:
        assert departure.allowed_by.startswith(("section 2:", "section 3:", "reference:")), departure.id
