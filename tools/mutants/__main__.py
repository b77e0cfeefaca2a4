"""Try a seeded sample of mutants and print those that no test notices.

    python -m tools.mutants --sample 400 --seed 1 --jobs 2

A run that is stopped goes on where it was; `--again` tries the ones that survived once more, after tests were written.
Records stay in .mutants/, the mutants judged to change nothing in tools/mutants/equivalent.txt.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice, zip_longest
from pathlib import Path

from tools.mutants.changes import Mutant, find_mutants
from tools.mutants.reach import CODE, find_files, read_reach
from tools.mutants.record import note_outcome, read_equivalent, read_outcomes, summarize
from tools.mutants.trial import attempt, choose_tests, prepare

ROOMS = ("secrecy", "kustomize", "review", "disk")
TESTS = (
    "tests/secrecy", "tests/secrets", "tests/review", "tests/review_rollout", "tests/disk", "tests/repository",
    "tests/trust/test_references.py", "tests/trust/test_links.py", "tests/trust/test_files.py", "tests/streams",
    "tests/sync", "tests/checks", "tests/migrate", "tests/adopt", "tests/report",
    "tests/verify", "tests/kubernetes", "tests/facts",
)  # fmt: skip
"""The tests that can notice a change of these rooms in their own process."""
KEPT = Path(".mutants")
EQUIVALENT = Path("tools/mutants/equivalent.txt")


def main() -> int:
    options = read_options()
    mutants = draw(options.room or ROOMS, options.sample, options.seed)
    KEPT.mkdir(exist_ok=True)
    record = KEPT / "outcomes.jsonl"
    known = read_outcomes(record)
    again = ("survived", "not reached") if options.again else ()
    todo = [mutant for mutant in mutants if known.get(mutant.id) in (None, *again)]
    equivalent = read_equivalent(EQUIVALENT)
    todo = [mutant for mutant in todo if mutant.id not in equivalent]
    if todo:
        try_all(todo, record, options)
    outcomes = read_outcomes(record)
    for mutant in mutants:
        if outcomes.get(mutant.id) in ("survived", "not reached") and mutant.id not in equivalent:
            print(
                f"\n{outcomes[mutant.id]}: {mutant.id} ({mutant.kind})\n{mutant.diff(Path(mutant.path).read_bytes())}"
            )
    print(f"\n{summarize(mutants, outcomes, equivalent)}")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=400, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--room", action="append", choices=ROOMS, help="one room (again for more); all by default")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at once")
    parser.add_argument(
        "--budget", type=float, default=60, help="seconds of tests for one mutant, as measured without it"
    )
    parser.add_argument("--again", action="store_true", help="try the survivors of the sample once more")
    return parser.parse_args()


def draw(rooms: list[str] | tuple[str, ...], size: int, seed: int) -> list[Mutant]:
    """A sample of the mutants of these rooms, a like share of each; the same for the same code and seed.

    A larger sample begins with the smaller one.
    """
    shuffled = [shuffle(room, seed) for room in rooms]
    turns = (mutant for turn in zip_longest(*shuffled) for mutant in turn if mutant is not None)
    return list(islice(turns, size))


def shuffle(room: str, seed: int) -> list[Mutant]:
    paths = sorted((Path(CODE) / room).rglob("*.py"))
    mutants = [mutant for path in paths for mutant in find_mutants(str(path), path.read_bytes())]
    random.Random(f"{room} {seed}").shuffle(mutants)
    return mutants


def try_all(mutants: list[Mutant], record: Path, options: argparse.Namespace) -> None:
    """Try mutants in copies of the tree, and note each outcome as it comes."""
    tests = read_reach(find_files(TESTS), KEPT / "reach", options.jobs)
    trials = [choose_tests(mutant, tests, options.budget) for mutant in mutants]
    with tempfile.TemporaryDirectory(prefix="mutants-") as copies:
        os.environ["MUTANTS_COPIES"] = copies
        with ProcessPoolExecutor(options.jobs, initializer=prepare) as pool:
            running = {pool.submit(attempt, trial): trial.mutant for trial in trials}
            for number, done in enumerate(as_completed(running), 1):
                mutant = running[done]
                note_outcome(record, mutant, done.result())
                print(f"{number}/{len(trials)} {done.result()}: {mutant.path}:{mutant.line} {mutant.kind}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
