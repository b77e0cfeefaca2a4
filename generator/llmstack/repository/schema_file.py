"""docs/values.schema.json, which editors read: renewed where `init` wrote it, so that an upgrade takes it along."""

from __future__ import annotations

from llmstack import schemas
from llmstack.disk.ownership import is_ours
from llmstack.repository.snapshot import Snapshot
from llmstack.tree.unit import Files

SCHEMA = "docs/values.schema.json"
"""Where the values' `yaml-language-server` line finds the schema."""


def renew_schema(snapshot: Snapshot) -> Files:
    """The schema of the values by its path; nothing where the repository has none, or one of its own."""
    existing = snapshot.read_bytes(SCHEMA)
    if existing is None or not is_ours(existing):
        return {}
    return {SCHEMA: schemas.values_schema()}
