"""What became of mutants, one line each, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tools.mutants.changes import Mutant
from tools.mutants.trial import Outcome


def read_outcomes(file: Path) -> dict[str, Outcome]:
    """The outcome of each mutant that was tried, by its id; the last one counts."""
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return {line["id"]: line["outcome"] for line in map(json.loads, lines)}


def note_outcome(file: Path, mutant: Mutant, outcome: Outcome) -> None:
    line = {"id": mutant.id, "outcome": outcome, "path": mutant.path, "line": mutant.line, "kind": mutant.kind}
    with file.open("a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")


def read_equivalent(file: Path) -> dict[str, str]:
    """The mutants that were judged to change nothing, and why: lines of `id reason`."""
    lines = (line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#"))
    return {id: reason for id, _, reason in lines}


def summarize(mutants: Iterable[Mutant], outcomes: dict[str, Outcome], equivalent: dict[str, str]) -> str:
    """The figures of a sample: by outcome, and the share that is noticed of those that change something."""
    seen = [mutant for mutant in mutants if mutant.id in outcomes]
    counted = Counter("equivalent" if m.id in equivalent else outcomes[m.id] for m in seen)
    judged = len(seen) - counted["equivalent"]
    noticed = counted["killed"] + counted["timeout"]
    share = f"{100 * noticed / judged:.1f} %" if judged else "none"
    told = ", ".join(f"{number} {name}" for name, number in counted.most_common())
    return f"{len(seen)} tried: {told}; {share} noticed of {judged}"
