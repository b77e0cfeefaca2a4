"""A repository whose environment `prod` holds the values of a case of the parity tests, beside what Helm rendered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack import programs, yamlio
from llmstack.kubernetes.pods import Object
from llmstack.repository.generation import generate, write
from llmstack.repository.project import Project
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.prepare import prepared
from tests.parity.test_parity import NO_CASES

CASES = [*own_cases(), *corpus_cases()]
each_case = pytest.mark.parametrize(
    "case", CASES or [pytest.param(None, marks=pytest.mark.skip(NO_CASES))], ids=lambda c: c and c.name
)


def project_of(case: Case, root: Path) -> Project:
    """The values of a case, of no release yet."""
    values = prepared(yamlio.load(case.values.read_text(encoding="utf-8")))
    values["gitops"] = {key: value for key, value in values["gitops"].items() if key not in ("release", "namespace")}
    (root / "values").mkdir()
    (root / "values" / "prod.yaml").write_text(yamlio.dump(values), encoding="utf-8")
    return Project(root)


def rendered(case: Case) -> str:
    return case.rendered.read_text(encoding="utf-8")


def build(project: Project) -> dict[tuple[str, str], Object]:
    """What kustomize builds of the environment after `gen`."""
    generation = generate(project, [])
    assert generation.plan is not None, generation.findings
    write(project, generation.plan)
    folder = os.environ.get("LLMSTACK_TOOLS")
    program = programs.find_tool(programs.KUSTOMIZE, Path(folder) if folder else None)
    at = project.root / "overlays" / "prod"
    output = programs.kustomize_build_all(program, [at])[at]
    assert isinstance(output, str), output
    return {(each["kind"], each["metadata"]["name"]): each for each in yamlio.load_all(output)}
