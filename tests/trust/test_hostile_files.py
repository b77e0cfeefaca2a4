"""A hostile file of a mebibyte keeps a command neither for long nor with much memory: those that once did, measured.

`python -m tests.trust.hostile` measures all of its kinds; these are one of each cause that was found and removed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmstack.programs import BUILD_PROCESSOR
from tests.trust.hostile import KINDS, MEBIBYTE, MEMORY, SECONDS, measure_kind

CAUSES: dict[str, tuple[str, ...]] = {
    "errors of one model": ("lint",),  # 13 s for 10,000 errors, each of which was told
    "unknown keys of models": ("migrate",),  # 19 s and 700 MiB: a like key was looked for, and all were told
    "models of one name": ("lint", "diff"),  # 55 s and 1.9 GiB: 60,000 models, with four findings on each
    "hosts": ("gen",),  # 11.5 s and 540 MiB
    "labels in custom/": ("validate", "diff"),  # a minute and more, of kustomize's
    "resources of one name": ("diff",),  # 24 s: each was loaded before the second was refused
    "quotas in custom/": ("diff",),  # over a minute: all objects were counted for each quota
    "pods kept apart in custom/": ("diff",),  # hours: each pair of pods was compared for each of them
    "copies that double": ("diff",),  # 1.2 GiB of kustomize's
    "units behind each other": ("diff",),  # 18 s: all units were gone through for each
    "environments": ("diff",),  # 15 s for 400: a page was compiled for each, and all were gone through for each
    "keys in custom/": ("validate",),  # the same: quadratic in the keys of a map
}


@pytest.mark.parametrize(("kind", "command"), [(kind, each) for kind, commands in CAUSES.items() for each in commands])
def test_what_once_cost_much_is_bounded(kind: str, command: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path("generator").absolute())}
    (cost,) = measure_kind(kind, (command,), tmp_path, environment)
    assert cost.code in (0, 1, 5), "a review, findings, or a build that was ended"
    assert cost.seconds < SECONDS
    assert cost.memory < MEMORY


def test_the_files_are_of_the_size_that_they_claim() -> None:
    for kind in CAUSES.keys() - {"environments"}:  # which cost by their number
        assert MEBIBYTE * 0.9 < max(map(len, KINDS[kind]().values())) < MEBIBYTE * 1.2


def test_a_build_leaves_time_for_the_rest() -> None:
    assert 2 * BUILD_PROCESSOR < SECONDS, "a unit that fails among others is built once more, alone"
