"""What became of mutants, one line each, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tools.mutants.changes import Mutant
from tools.mutants.trial import Outcome, Trial


def read_outcomes(file: Path) -> dict[str, Outcome]:
    """The outcome of each mutant that was tried, by its id; the last one counts."""
    if not file.exists():
        return {}
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {line["id"]: Outcome(line["result"], line["by"], line["seconds"]) for line in lines}


def note_outcome(file: Path, trial: Trial, outcome: Outcome) -> None:
    mutant = trial.mutant
    place = {"id": mutant.id, "path": mutant.path, "line": mutant.line, "kind": mutant.kind}
    line = place | outcome._asdict() | {"tests": len(trial.tests), "left_out": trial.left_out}
    with file.open("a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")


def read_equivalent(file: Path) -> dict[str, str]:
    """The mutants that were judged to change nothing, and why: lines of `id path: reason`.

    An id holds as long as the function reads as it did when it was judged.
    """
    lines = (line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#"))
    return {id: reason for id, _, reason in lines}


def summarize(mutants: Iterable[Mutant], outcomes: dict[str, Outcome], equivalent: dict[str, str]) -> str:
    """The figures of a sample, by room and in all: what became of them, and the share that is noticed of those that
    change something."""
    rooms: dict[str, Counter[str]] = {}
    for mutant in mutants:
        if mutant.id in outcomes or mutant.id in equivalent:
            result = "equivalent" if mutant.id in equivalent else outcomes[mutant.id].result
            rooms.setdefault(mutant.path.split("/")[2], Counter())[result] += 1
    lines = [f"{room}: {_tell(counted)}" for room, counted in rooms.items()]
    return "\n".join([*lines, f"all: {_tell(sum(rooms.values(), Counter()))}"])


def _tell(counted: Counter[str]) -> str:
    judged = counted.total() - counted["equivalent"]
    noticed = counted["killed"] + counted["timeout"]
    share = f"{100 * noticed / judged:.1f} %" if judged else "none"
    told = ", ".join(f"{number} {name}" for name, number in counted.most_common())
    return f"{counted.total()} tried: {told}; {share} noticed of {judged}"
