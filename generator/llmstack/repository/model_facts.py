"""facts/models/ of a repository: read for checks and reviews, written by `learn model`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import file_name, read_facts
from llmstack.facts.fields import FactsError
from llmstack.finding import Finding, Place, Severity
from llmstack.fit.question import hub_name
from llmstack.model.models import Model
from llmstack.repository.snapshot import Snapshot

ROOT = "facts"
MOST_BYTES = 1 << 20
BAD_FACTS = "bad-facts"


def facts_paths(models: Iterable[Model]) -> Iterator[str]:
    """Yield the files below facts/ that models lead to, there or not."""
    for model in models:
        name = hub_name(model)
        if model.gitops.facts:
            yield model.gitops.facts.removeprefix(f"{ROOT}/")
        elif name is not None:
            yield f"models/{file_name(name)}"


def read_model_facts(snapshot: Snapshot, models: Iterable[Model]) -> tuple[dict[str, ModelFacts], list[Finding]]:
    """The facts that models lead to, by path below facts/, and a finding for each file that cannot be read."""
    return read_facts_files(snapshot, facts_paths(models))


def read_facts_of(snapshot: Snapshot, names: Iterable[str]) -> tuple[dict[str, ModelFacts], list[Finding]]:
    """The same by the names that models have on the hub."""
    return read_facts_files(snapshot, (f"models/{file_name(name)}" for name in names))


def read_facts_files(snapshot: Snapshot, paths: Iterable[str]) -> tuple[dict[str, ModelFacts], list[Finding]]:
    """The facts in these files below facts/, and a finding for each that cannot be read; one that is not there is
    none."""
    facts: dict[str, ModelFacts] = {}
    findings: list[Finding] = []
    for path in sorted(set(paths)):
        content = snapshot.read_bytes(f"{ROOT}/{path}") if is_inside(path) else None
        if content is None:
            continue
        try:
            facts[path] = read_facts(content[:MOST_BYTES].decode("utf-8", "replace"))
        except FactsError as error:
            findings.append(bad_facts(f"{ROOT}/{path}", error, "learn model"))
    return facts, findings


def bad_facts(path: str, error: FactsError, command: str) -> Finding:
    """The finding on a file of facts that cannot be read, which a command of llmstack writes."""
    message, help = f"the facts cannot be read: {error}", f"write it again with `llmstack {command}`"
    return Finding(BAD_FACTS, Severity.ERROR, message, place=Place(path, error.line or 1), help=help)


def is_inside(path: str) -> bool:
    """Whether a path stays below the folder that it starts from."""
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and ".." not in parts and "\\" not in path
