"""Try a seeded sample of mutants and print those that no test notices.

    python -m tools.mutants --sample 400 --seed 1 --jobs 2

A run that is stopped goes on where it was; `--again` tries the ones that survived once more, after tests were written.
Records stay in .mutants/, the mutants judged to change nothing in tools/mutants/equivalent.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import TypeVar

import pytest
from tools.mutants.changes import Mutant, find_mutants
from tools.mutants.copies import in_copies
from tools.mutants.reach import CODE, find_files, measure, name_records, read_tests
from tools.mutants.record import note_outcome, read_equivalent, read_outcomes, summarize
from tools.mutants.session import Items, with_collected
from tools.mutants.trial import Outcome, Trial, attempt, choose_tests

T = TypeVar("T")
ROOMS = ("secrecy", "kustomize", "review", "disk")
TESTS = (
    "tests/secrecy", "tests/secrets", "tests/kustomize", "tests/review", "tests/review_rollout", "tests/disk",
    "tests/repository", "tests/trust", "tests/streams", "tests/checks", "tests/migrate", "tests/adopt",
    "tests/report", "tests/sync", "tests/verify", "tests/kubernetes", "tests/facts", "tests/observed",
    "tests/test_cases.py",
)  # fmt: skip
"""The tests that can notice a change of these rooms in their own process."""
KEPT = Path(".mutants")
EQUIVALENT = Path("tools/mutants/equivalent.txt")


def main() -> int:
    options = read_options()
    mutants = draw(options.room or ROOMS, options.sample, options.seed)
    KEPT.mkdir(exist_ok=True)
    record = KEPT.absolute() / "outcomes.jsonl"
    equivalent = read_equivalent(EQUIVALENT)
    todo = choose_todo(mutants, read_outcomes(record), equivalent, again=options.again)
    if todo:
        try_all(todo, record, options.jobs, options.budget)
    outcomes = read_outcomes(record)
    for mutant in choose_todo(mutants, outcomes, equivalent, again=True):
        change = mutant.diff(Path(mutant.path).read_bytes())
        print(f"\n{outcomes[mutant.id].result}: {mutant.id} ({mutant.kind})\n{change}")
    print(f"\n{summarize(mutants, outcomes, equivalent)}")
    return 0


def choose_todo(
    mutants: Sequence[Mutant], outcomes: dict[str, Outcome], equivalent: dict[str, str], *, again: bool
) -> list[Mutant]:
    """The mutants that were not tried, and with `again` those that no test noticed; none that changes nothing."""
    open_results = ("survived", "not reached") if again else ()
    left = [mutant for mutant in mutants if mutant.id not in equivalent]
    return [mutant for mutant in left if mutant.id not in outcomes or outcomes[mutant.id].result in open_results]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=400, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--room", action="append", choices=ROOMS, help="one room (again for more); all by default")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at once")
    parser.add_argument(
        "--budget", type=float, default=25, help="seconds of tests for one mutant, as measured without it"
    )
    parser.add_argument("--again", action="store_true", help="try the survivors of the sample once more")
    return parser.parse_args()


def draw(rooms: list[str] | tuple[str, ...], size: int, seed: int) -> list[Mutant]:
    """A sample of the mutants of these rooms, a like share of each; the same for the same code and seed.

    A larger sample begins with the smaller one, and code that changes moves only its own mutants in or out of it.
    """
    shuffled = [shuffle(room, seed) for room in rooms]
    turns = (mutant for turn in zip_longest(*shuffled) for mutant in turn if mutant is not None)
    return list(islice(turns, size))


def shuffle(room: str, seed: int) -> list[Mutant]:
    paths = sorted((Path(CODE) / room).rglob("*.py"))
    mutants = [mutant for path in paths for mutant in find_mutants(str(path), path.read_bytes())]
    return sorted(mutants, key=lambda mutant: hashlib.sha256(f"{seed} {mutant.id}".encode()).digest())


def try_all(mutants: list[Mutant], record: Path, jobs: int, budget: float) -> None:
    """Try mutants in copies of the tree, and note each outcome as it comes."""
    reach = KEPT.absolute() / "reach"
    reach.mkdir(exist_ok=True)
    records = name_records(find_files(TESTS), reach)
    missing = [file for file, kept in records.items() if not kept.exists()]
    parts = [{file: records[file] for file in part} for part in share(missing, jobs)]
    in_copies([partial(measure, ROOMS, part) for part in parts])
    tests, imported = list(read_tests(records.values())), read_imported(reach / "imported.json")
    trials = [choose_tests(mutant, tests, imported, budget) for mutant in mutants]
    in_copies([partial(try_each, part, record) for part in share(trials, jobs)])


def share(items: Sequence[T], jobs: int) -> list[Sequence[T]]:
    """Items dealt out to jobs, without empty hands."""
    return [hand for hand in (items[start::jobs] for start in range(jobs)) if hand]


def read_imported(kept: Path) -> dict[str, frozenset[int]]:
    environment = os.environ | {"PYTHONPATH": str(Path("generator").absolute())}
    subprocess.run([sys.executable, "-m", "tools.mutants.reach", str(kept), *ROOMS], check=True, env=environment)
    return {path: frozenset(lines) for path, lines in json.loads(kept.read_text(encoding="utf-8")).items()}


def try_each(trials: Sequence[Trial], record: Path) -> None:
    """Try mutants one after the other, in the copy that is the working directory."""

    def try_with(session: pytest.Session, items: Items) -> None:
        for trial in trials:
            outcome = attempt(trial, session, items)
            note_outcome(record, trial, outcome)
            place = f"{trial.mutant.path}:{trial.mutant.line} {trial.mutant.kind}"
            print(f"{outcome.result} in {outcome.seconds:.0f} s: {trial.mutant.id} {place} {outcome.by}", flush=True)

    with_collected(sorted({test.file for trial in trials for test in trial.tests}), try_with)


if __name__ == "__main__":
    raise SystemExit(main())
