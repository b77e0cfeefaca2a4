"""A hostile file of a mebibyte keeps a command neither for long nor with much memory: those that once did, measured.

`python -m tests.trust.hostile` measures all of its kinds; these are one of each cause that was found and removed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack.programs import BUILD_PROCESSOR
from tests.trust.hostile import KINDS, MEBIBYTE, MEMORY, SECONDS, find_pace, halve, measure_files

CAUSES: dict[str, tuple[str, ...]] = {
    "errors of one model": ("lint",),  # 13 s for 10,000 errors, each of which was told
    "models of one name": ("lint", "diff"),  # 55 s and 1.9 GiB: 60,000 models, with four findings on each
    "many workers": ("lint",),  # memory without end: a port was listed for each of 2,147,483,647
    "hosts": ("gen",),  # 11.5 s and 540 MiB
    "labels in custom/": ("validate", "diff"),  # a minute and more, of kustomize's
    "resources of one name": ("diff",),  # 24 s: each was loaded before the second was refused
    "copies that double": ("diff",),  # 1.2 GiB of kustomize's
    "Applications of folders that are not there": ("diff",),  # 191 s: each was looked for once for each other, by Git
    "labels of the router": ("diff",),  # 33 s: what was remembered of so many was forgotten before it was asked again
    "acknowledgements": ("diff",),  # minutes: the line that all stand in was gone through for each
    "ports of a Service in custom/": ("diff",),  # over ten minutes: all ports were gone through for each
    "patches of an owner": ("diff",),  # a minute: each copied the whole object that it changes
    "images of an owner": ("diff",),  # 23 s: all objects were gone through for each
    "labels of an owner": ("diff",),  # over 30 s: each object of a unit got all of them
    "units behind each other": ("diff",),  # 18 s: all units were gone through for each
    "keys in custom/": ("validate",),  # the same: quadratic in the keys of a map
}
LIKE_A_FLEET: dict[str, str] = {
    "unknown keys of models": "migrate",  # 19 s and 700 MiB: a like key was looked for, and all were told
    "quotas in custom/": "diff",  # over a minute: all objects were counted for each quota
    "pods kept apart in custom/": "diff",  # hours: each pair of pods was compared for each of them
    "environments": "diff",  # 15 s for 400: a page was compiled for each, and all were gone through for each
}
"""What an honest repository of that size has as well, and what costs some milliseconds each: that it grows no faster
than with the number is what is held."""
TWICE = 3
"""How many times as much twice the size may cost: twice, and what a busy machine measures beside it; a square costs four
times."""
BESIDE_OTHERS = 2
"""How many times the promised seconds a command may take among other tests: caches and cores are shared, and what is to
be seen is a cause that came back, which cost many times that. What a quiet machine takes, `hostile.py` prints."""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path("generator").absolute())}


@pytest.mark.parametrize(("kind", "command"), [(kind, each) for kind, commands in CAUSES.items() for each in commands])
def test_what_once_cost_much_is_bounded(kind: str, command: str, tmp_path: Path) -> None:
    before = find_pace()
    (cost,) = measure_files(KINDS[kind](), (command,), tmp_path, ENVIRONMENT)
    assert cost.code in (0, 1, 5), "a review, findings, or a build that was ended"
    assert cost.seconds < BESIDE_OTHERS * SECONDS * max(before, find_pace())
    assert cost.memory < MEMORY


@pytest.mark.parametrize(("kind", "command"), LIKE_A_FLEET.items())
def test_what_grows_with_the_number_grows_no_faster(kind: str, command: str, tmp_path: Path) -> None:
    whole = KINDS[kind]()
    half, full = (
        measure_files(files, (command,), tmp_path / name, ENVIRONMENT)[0]
        for name, files in (("half", halve(whole)), ("full", whole))
    )
    assert (half.code, full.code) in ((0, 0), (1, 1))
    assert full.seconds < TWICE * half.seconds
    assert full.memory < MEMORY


def test_a_half_is_one() -> None:
    for kind in LIKE_A_FLEET:
        size, half = (sum(map(len, files.values())) for files in (KINDS[kind](), halve(KINDS[kind]())))
        assert 0.45 < half / size < 0.55


def test_the_files_are_of_the_size_that_they_claim() -> None:
    for kind in (CAUSES.keys() | LIKE_A_FLEET.keys()) - {"environments", "many workers"}:  # which cost by a number
        assert MEBIBYTE * 0.9 < max(map(len, KINDS[kind]().values())) < MEBIBYTE * 1.2


def test_a_build_leaves_time_for_the_rest() -> None:
    assert 2 * BUILD_PROCESSOR < SECONDS, "a unit that fails among others is built once more, alone"
