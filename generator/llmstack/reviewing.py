"""`diff` and `affected`: what changes in the clusters between two revisions of the repository."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from llmstack import tools, yamlio
from llmstack.disk.ownership import header, is_ours
from llmstack.finding import Finding, Place, Route, Severity
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.model.types import seconds
from llmstack.objects.components import build_all as build_objects
from llmstack.review.affected import affected_units
from llmstack.review.assess import assess
from llmstack.review.build import Unsupported, build_all
from llmstack.review.compare import compare
from llmstack.review.facts import Acknowledgement, Facts, Pool
from llmstack.review.result import EnvironmentReview, Review
from llmstack.revisions import Comparison, Revision
from llmstack.tree.base import Base, lay_out_base
from llmstack.tree.flux import timeout
from llmstack.tree.layout import lay_out_environment
from llmstack.tree.sync_unit import SyncUnit
from llmstack.validation import stale_tree
from llmstack.values.layers import MODELS, Layers
from llmstack.values.source import Source, read_source

Object = dict[str, Any]
Units = Mapping[str, list[Object]]


def find_affected(comparison: Comparison) -> dict[str, list[str]]:
    """The units whose build may differ, by environment."""
    environments = _environments(comparison)
    folders = {path.rpartition("/")[0] for path in comparison.changed if path.startswith(("overlays/", "custom/"))}
    for side in (comparison.before, comparison.after):
        side.load(folders)
    return affected_units(comparison.changed, environments, comparison.before.read, comparison.after.read)


def _environments(comparison: Comparison) -> list[str]:
    """Environments that may be affected: all of them when base/ changed, else those with a changed file."""
    if any(path.startswith("base/") for path in comparison.changed):
        sides = (comparison.before, comparison.after)
        paths = [path for side in sides for path in side.files("overlays")]
    else:
        paths = [path for path in comparison.changed if path.startswith(("overlays/", "custom/"))]
    return sorted({path.split("/")[1] for path in paths if path.count("/") > 1})


def make_review(comparison: Comparison, *, today: date, tool_folder: Path | None = None) -> Review:
    """Review every environment that the comparison touches, and those whose values alone changed."""
    affected = find_affected(comparison)
    touched = {path.split("/")[1].rpartition(".")[0] for path in comparison.changed if path.startswith("values/")}
    environments = {}
    for name in sorted(affected.keys() | _valued(comparison, touched)):
        environments[name] = _review_environment(comparison, name, affected.get(name, []), today, tool_folder)
    return Review(comparison.before.name, comparison.after.name, environments)


def _valued(comparison: Comparison, touched: set[str]) -> set[str]:
    """Environments whose values changed and that are generated at all."""
    names = touched - {"base"}
    return {name for name in names if comparison.after.read(f"overlays/{name}/kustomization.yaml") is not None}


def _review_environment(
    comparison: Comparison, name: str, affected: Sequence[str], today: date, tool_folder: Path | None
) -> EnvironmentReview:
    before, after = comparison.before, comparison.after
    readings = _read_values(before, name), _read_values(after, name)
    generated = _generate(after, name, *readings[1])
    folders = {side: unit_folders(side, name) for side in (before, after)}
    new = _build_units(after, name, folders[after], tool_folder, known=_as_generated(after, generated))
    same = {unit: objects for unit, objects in new.items() if unit not in affected}
    old = _build_units(before, name, folders[before], tool_folder, known=same)
    changes = compare(_only(old, affected), _only(new, affected))
    facts = tuple(
        _facts(layers, stack, _only(units, affected))
        for (layers, stack), units in zip(readings, (old, new), strict=True)
    )
    review = assess(changes, _objects(old), _objects(new), facts[0], facts[1], today)
    return replace(review, findings=(*review.findings, *_stale(generated, name)))


def _only(units: Units, names: Iterable[str]) -> Units:
    return {name: units[name] for name in names if name in units}


def _objects(units: Units) -> list[Object]:
    return [object for objects in units.values() for object in objects]


def unit_folders(side: Revision, environment: str) -> dict[str, str]:
    """Folder by unit, as the environment's aggregate lists them; secrets/ too where the aggregate leaves it out."""
    root = f"overlays/{environment}"
    listed = yamlio.load(side.read(f"{root}/kustomization.yaml") or "") or {}
    folders = [posixpath.normpath(f"{root}/{entry}") for entry in listed.get("resources", ())]
    if side.read(f"{root}/secrets/kustomization.yaml") is not None and f"{root}/secrets" not in folders:
        folders.append(f"{root}/secrets")
    prefixes = (f"{root}/", f"custom/{environment}/")
    return {folder.removeprefix(prefixes[0]).removeprefix(prefixes[1]): folder for folder in folders}


def _build_units(
    side: Revision, environment: str, folders: Mapping[str, str], tool_folder: Path | None, *, known: Units
) -> Units:
    """The objects of every unit: those that are known already, the others built in process, and by kustomize itself
    what only that can build."""
    units = {unit: known[unit] for unit in folders if unit in known}
    rest = {unit: folder for unit, folder in folders.items() if unit not in units}
    if rest:
        side.load([*rest.values(), *_own_units(rest, environment), f"overlays/{environment}/engine", "base"])
    hard = {}
    try:
        built = build_all(side.read, rest.values())
        units |= {unit: built[folder] for unit, folder in rest.items()}
    except Unsupported:
        for unit, folder in rest.items():
            try:
                units[unit] = build_all(side.read, [folder])[folder]
            except Unsupported:
                hard[unit] = folder
    return {**units, **_build_with_kustomize(side, environment, hard, tool_folder)} if hard else units


def _own_units(folders: Mapping[str, str], environment: str) -> list[str]:
    """The generated units under overlays of people's own."""
    return [f"overlays/{environment}/{unit}" for unit, folder in folders.items() if folder.startswith("custom/")]


def _build_with_kustomize(
    side: Revision, environment: str, folders: Mapping[str, str], tool_folder: Path | None
) -> Units:
    """The objects of units that kustomize has to build, from a copy of the tree as it stands on this side."""
    program = tools.find_tool(tools.KUSTOMIZE, tool_folder)
    with tempfile.TemporaryDirectory(prefix="llmstack-") as root:
        for top in ("base", f"overlays/{environment}", f"custom/{environment}"):
            for path, content in side.files(top).items():
                target = Path(root) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        outputs = tools.kustomize_build_all(program, [Path(root) / folder for folder in folders.values()])
        units = {}
        for unit, folder in folders.items():
            output = outputs[Path(root) / folder]
            if isinstance(output, tools.ToolError):
                raise tools.ToolError(f"{folder} at {side.name}: {str(output).replace(root, '')}")
            units[unit] = yamlio.load_all(output)
    return units


def _read_values(side: Revision, environment: str) -> tuple[Layers, Stack | None]:
    layers, stack, _ = read_stack(_sources(side, environment))
    return layers, stack.named(environment) if stack else None


def _sources(side: Revision, environment: str | None) -> list[Source]:
    """The values files of an environment at a revision, lowest first."""
    sources = []
    for stem in ("base", environment) if environment else ("base",):
        for suffix in ("yaml", "yml"):
            content = side.read_bytes(f"values/{stem}.{suffix}")
            if content is not None:
                sources.append(read_source(f"values/{stem}.{suffix}", content))
    return sources


def _facts(layers: Layers, stack: Stack | None, affected: Units) -> Facts:
    """What the values at that revision say besides objects."""
    if stack is None:
        return Facts()
    gitops = stack.gitops
    models = stack.models
    return Facts(
        pools=tuple(
            Pool(each.pool, each.resource, each.count, each.per_node, dict(each.node_selector or {}))
            for each in gitops.capacity or ()
        ),
        load_seconds={m.name: seconds(m.gitops.load_time) for m in models if m.name and m.gitops.load_time},
        pool_of={m.name: m.gitops.pool for m in models if m.name and m.gitops.pool},
        acknowledgements=tuple(
            Acknowledgement(each.risk, each.object, each.until, each.reason) for each in gitops.acknowledge or ()
        ),
        places=_places(layers, stack, affected),
        sync_timeout_seconds=_timeouts(stack, affected),
    )


def _timeouts(stack: Stack, affected: Units) -> dict[str, int]:
    """Seconds that Flux waits for each model's unit, by model."""
    if stack.gitops.sync.tool != "flux":
        return {}
    units = {unit.removeprefix("models/"): objects for unit, objects in affected.items() if unit.startswith("models/")}
    return {model: timeout(SyncUnit(f"models/{model}", "", (), tuple(objects))) for model, objects in units.items()}


_SECTIONS = {
    "router": ("routerSpec",),
    "cache-server": ("cacheServerSpec",),
    "storage": ("sharedStorage",),
    "stack": ("servingEngineSpec",),
}


def _places(layers: Layers, stack: Stack, affected: Units) -> dict[str, str]:
    """`values/prod.yaml:12` by `Kind/name`: where the values speak of what the object's unit holds."""
    routes: dict[str, Route] = dict(_SECTIONS)
    for number, model in enumerate(stack.engine.model_spec):
        routes[f"models/{model.name}"] = (*MODELS, number, "name")
    places: dict[str, str] = {}
    for unit, objects in affected.items():
        place = layers.place(routes[unit]) if unit in routes else None
        if place is not None:
            places |= {
                f"{object['kind']}/{object['metadata']['name']}": f"{place.path}:{place.line}" for object in objects
            }
    return places


@dataclass(frozen=True)
class _Generated:
    """What the values of a revision generate, against the tree at that revision. None: their values have errors."""

    objects: Units
    stale: tuple[str, ...] | None
    source: str


def _generate(side: Revision, environment: str, layers: Layers, stack: Stack | None) -> _Generated:
    source = layers.layers[-1].source.path if layers.layers else f"values/{environment}.yaml"
    if not source.startswith(f"values/{environment}."):  # the environment is gone: all that is ours should be, too
        left = [path for path, content in side.files(f"overlays/{environment}").items() if is_ours(content)]
        return _Generated({}, tuple(left), source)
    base = _base(side)
    if stack is None or base is None:
        return _Generated({}, None, source)
    placed = list(build_objects(stack))
    custom = side.custom_units(environment)
    layout = lay_out_environment(
        environment, stack, base, placed, custom=custom, encrypted=_encrypted(side, environment), header=header(source)
    )
    wanted = base.files | layout.files
    side.load({path.rpartition("/")[0] for path in wanted})
    stale = tuple(path for path, text in wanted.items() if side.read(path) != text)
    objects: dict[str, list[Object]] = {}
    for each in placed:
        objects.setdefault(each.unit, []).append(each.object)
    return _Generated({unit: items for unit, items in objects.items() if unit not in custom}, stale, source)


def _encrypted(side: Revision, environment: str) -> dict[str, str]:
    """The texts of the files in secrets/ that are not generated, by name."""
    files = side.files(f"overlays/{environment}/secrets")
    found = {path.rpartition("/")[2]: content for path, content in sorted(files.items()) if path.count("/") == 3}
    return {
        name: content.decode("utf-8", "replace")
        for name, content in found.items()
        if name.endswith((".yaml", ".yml")) and not name.startswith(".") and not is_ours(content)
    }


def _as_generated(side: Revision, generated: _Generated) -> Units:
    """The units whose files are byte for byte what the values generate: they build to the rendered objects (the first
    law), and need not be built."""
    if generated.stale is None or any("/engine/" in path or path.startswith("base/") for path in generated.stale):
        return {}
    touched = {path.rpartition("/")[0].split("/", 2)[-1] for path in generated.stale}
    return {unit: objects for unit, objects in generated.objects.items() if unit not in touched}


def _stale(generated: _Generated, environment: str) -> list[Finding]:
    """`stale-tree` when the tree is not what the values at the same revision generate."""
    if generated.stale is None:
        message = f"the values of {environment} have errors: the tree cannot be compared with them"
        place = Place(generated.source)
        return [Finding("stale-tree", Severity.WARNING, message, place=place, help="run `llmstack lint`")]
    return [stale_tree(generated.stale)] if generated.stale else []


def _base(side: Revision) -> Base | None:
    _, stack, _ = read_stack(_sources(side, None))
    return lay_out_base(stack, header("values/base.yaml")) if stack is not None else None


def fails(review: Review, level: str) -> bool:
    """Whether a risk of this severity, or a worse one, stands that nobody acknowledged.

    `level` is `error`, `warning` or `never`.
    """
    severities = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}.get(level, ())
    return any(
        risk.severity in severities and not risk.acknowledged
        for environment in review.environments.values()
        for risk in environment.risks
    )
