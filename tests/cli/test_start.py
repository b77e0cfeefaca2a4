"""The program starts fast: what no command has asked for yet is not imported."""

from __future__ import annotations

import subprocess
import sys

NAMES = "import sys; from llmstack.cli import cli; print(*sys.modules)"
"""What every run imports before it knows its command, and all that `--version` does."""

TABLES = {"llmstack.report", "llmstack.report.inert", "llmstack.report.paint", "llmstack.report.visible"} | {
    f"llmstack.report.{name}"
    for name in ("formats", "review_formats", "fit_formats", "verification_formats", "json_schemas")
}
"""The last write of all output, and the tables of formats."""


def test_what_every_run_imports() -> None:
    done = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "llmstack.commands.options" in modules
    assert not modules & {"jinja2", "pydantic", "yaml", "git", "jsonschema_rs", "cryptography"}
    assert {name for name in modules if name.startswith("llmstack.report")} <= TABLES
    own = {name for name in modules if name.startswith("llmstack")}
    assert len(own) < 45, sorted(own)
