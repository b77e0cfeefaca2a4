"""Values that a new repository is made of: `init --from FILE`."""

from __future__ import annotations

from pathlib import Path

from llmstack.commands.init.forge import template
from llmstack.migrate import Wanted
from llmstack.repository.environments import BASE
from llmstack.repository.migration import Migrated, import_file
from llmstack.repository.project import Project
from llmstack.repository.root import VALUES
from llmstack.repository.schema_file import SCHEMA

MODELINE = f"# yaml-language-server: $schema=../{SCHEMA}\n"
"""Tells editors which schema a values file has."""


def import_values(root: Path, file: str, env: str, wanted: Wanted) -> Migrated:
    """Read and migrate a file for the repository that is to be at `root`; raises as `import_file` does."""
    return import_file(Project(root), file, env, wanted, MODELINE)


def values_files(migrated: Migrated, *, shared: bool) -> dict[str, str]:
    """The values files by path: those of the one environment, with `shared` also values/base.yaml under it."""
    own = {migrated.environment.path: migrated.migration.after.text}
    return {f"{VALUES}/{BASE}.yaml": template("shared.yaml"), **own} if shared else own
