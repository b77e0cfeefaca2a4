"""facts/engines/ of a repository: read for `fit` and reviews, written by `learn log`."""

from __future__ import annotations

from collections.abc import Iterable

from llmstack.engine.measured import FOLDER, Measured, file_name, read_measured
from llmstack.facts.fields import FactsError
from llmstack.finding import Finding
from llmstack.model.models import Model
from llmstack.repository.model_facts import bad_facts
from llmstack.repository.snapshot import Snapshot

MOST_BYTES = 1 << 16


def read_engine_facts(
    snapshot: Snapshot, environment: str, models: Iterable[Model]
) -> tuple[dict[str, tuple[Measured, ...]], list[Finding]]:
    """What the engines of an environment were measured to take, by model, and a finding for each file that cannot be
    read."""
    measured: dict[str, tuple[Measured, ...]] = {}
    findings: list[Finding] = []
    for model in models:
        path = f"{FOLDER}/{file_name(environment, model.name or '')}"
        content = snapshot.read_bytes(path)
        if content is None:
            continue
        try:
            measured[model.name or ""] = (read_measured(content[:MOST_BYTES].decode("utf-8", "replace")),)
        except FactsError as error:
            findings.append(bad_facts(path, error, "learn log"))
    return measured, findings
