"""The repository that branches start from is generated once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sandbox import make_sandbox
from tests.trust.support import VALUES, Branch, make_branch


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository on `main`, generated and committed."""
    sandbox = make_sandbox(tmp_path_factory.mktemp("start"))
    sandbox.write({"values/prod.yaml": VALUES})
    output, code = sandbox.run("llmstack gen && git init -q -b main && git add -A && git commit -q -m start")
    assert code == 0, output
    return sandbox.root


@pytest.fixture
def branch(start: Path, tmp_path: Path) -> Branch:
    return make_branch(tmp_path, start)
