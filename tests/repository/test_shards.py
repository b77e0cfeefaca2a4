"""Units built many at a time: each is what it builds to alone, and one that fails hides no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from llmstack import programs, yamlio
from llmstack.kustomize.files import NAMES
from llmstack.repository import shards
from tests.laws.trees import kustomize

CASES = sorted((Path(__file__).parents[1] / "cases").iterdir())
UNIT = "overlays/prod/models"


def _identity(object: dict[str, object]) -> str:
    return yamlio.dump(object)


def _units(root: Path) -> list[str]:
    """Every unit of the environments below a root; encrypted manifests are no part of the cases."""
    found = {path.parent for name in NAMES for path in (root / "overlays").glob(f"*/*/**/{name}")}
    engines = {path for path in found if path.name == "engine" and path.parent.parent.name == "overlays"}
    return sorted(path.relative_to(root).as_posix() for path in found - engines)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_units_build_together_to_what_they_build_to_alone(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(case / "expected", root)
    units = _units(root)
    alone = programs.kustomize_build_all(kustomize(), [root / unit for unit in units])
    monkeypatch.setattr(shards, "SIZE", 3)
    together = shards.build_in_shards(kustomize(), root, units)
    assert list(together) == units
    for unit, text in together.items():
        one = alone[root / unit]
        assert isinstance(one, str)
        assert isinstance(text, str)
        assert sorted(map(_identity, yamlio.load_all(text))) == sorted(map(_identity, yamlio.load_all(one)))


def _write(root: Path, unit: str, *objects: str, name: str = "a") -> str:
    folder = root / UNIT / unit
    folder.mkdir(parents=True)
    names = [f"{number}.yaml" for number in range(len(objects))]
    for file, text in zip(names, objects, strict=True):
        (folder / file).write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}-{file}}}\n{text}\n")
    (folder / "kustomization.yaml").write_text(f"resources: [{', '.join(names)}]\n")
    return f"{UNIT}/{unit}"


def test_a_unit_that_fails_has_its_own_words_and_hides_no_other(tmp_path: Path) -> None:
    good = _write(tmp_path, "good", "data: {a: b}")
    bad = _write(tmp_path, "bad", "data: [", name="b")
    counted: list[tuple[int, int]] = []
    built = shards.build_in_shards(kustomize(), tmp_path, [good, bad], lambda *step: counted.append(step))
    assert "kind: ConfigMap" in str(built[good])
    assert isinstance(built[bad], programs.ToolError)
    assert UNIT + "/bad" in str(built[bad])
    assert counted == [(2, 2)]


def test_two_units_with_one_object_are_built_alone(tmp_path: Path) -> None:
    units = [_write(tmp_path, unit, f"data: {{unit: {unit}}}") for unit in ("one", "two")]
    built = shards.build_in_shards(kustomize(), tmp_path, units)
    assert ["unit: one" in str(text) for text in built.values()] == [True, False]
    assert ["unit: two" in str(text) for text in built.values()] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "data: {a: mark of llmstack 1}",
        "data:\n  a: |\n    x\n    ---\n    name: mark of llmstack 1\n",
        "data: {a: 'x\n\n  name: mark of llmstack 1'}",
    ],
)
def test_nothing_in_a_unit_passes_for_a_mark(tmp_path: Path, text: str) -> None:
    units = [_write(tmp_path, "one", text), _write(tmp_path, "two", "data: {c: d}", name="b")]
    built = shards.build_in_shards(kustomize(), tmp_path, units)
    for unit in units:
        alone = programs.kustomize_build_all(kustomize(), [tmp_path / unit])[tmp_path / unit]
        assert built[unit] == alone


def test_a_unit_of_nothing_builds_to_nothing(tmp_path: Path) -> None:
    units = [_write(tmp_path, "none"), _write(tmp_path, "one", "data: {a: b}")]
    built = shards.build_in_shards(kustomize(), tmp_path, units)
    assert "kind: ConfigMap" in str(built[units[1]])
    assert isinstance(built[units[0]], programs.ToolError) or built[units[0]] == ""
