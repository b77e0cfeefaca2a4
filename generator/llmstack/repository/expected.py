"""What the values say at one revision of the repository: facts for the review, and the tree they would generate."""

from __future__ import annotations

from dataclasses import dataclass

from llmstack.disk.ownership import header, is_ours
from llmstack.finding import Route
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.model.types import seconds
from llmstack.objects.components import build_all
from llmstack.repository.built import Object, Units
from llmstack.repository.snapshot import Revision
from llmstack.review.facts import Acknowledgement, Facts, Pool
from llmstack.tree.base import Base, lay_out_base
from llmstack.tree.flux import timeout
from llmstack.tree.layout import lay_out_environment
from llmstack.tree.sync_unit import SyncUnit
from llmstack.values.layers import MODELS, Layers
from llmstack.values.source import Source, read_source


def read_values(side: Revision, environment: str) -> tuple[Layers, Stack | None]:
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


def read_facts(layers: Layers, stack: Stack | None, affected: Units) -> Facts:
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
class Generated:
    """What the values of a revision generate, against the tree at that revision. None: their values have errors."""

    objects: Units
    stale: tuple[str, ...] | None
    source: str


def generate(side: Revision, environment: str, layers: Layers, stack: Stack | None) -> Generated:
    source = layers.layers[-1].source.path if layers.layers else f"values/{environment}.yaml"
    if not source.startswith(f"values/{environment}."):  # the environment is gone: all that is ours should be, too
        left = [path for path, content in side.files(f"overlays/{environment}").items() if is_ours(content)]
        return Generated({}, tuple(left), source)
    base = _base(side)
    if stack is None or base is None:
        return Generated({}, None, source)
    placed = list(build_all(stack))
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
    return Generated({unit: items for unit, items in objects.items() if unit not in custom}, stale, source)


def _encrypted(side: Revision, environment: str) -> dict[str, str]:
    """The texts of the files in secrets/ that are not generated, by name."""
    files = side.files(f"overlays/{environment}/secrets")
    found = {path.rpartition("/")[2]: content for path, content in sorted(files.items()) if path.count("/") == 3}
    return {
        name: content.decode("utf-8", "replace")
        for name, content in found.items()
        if name.endswith((".yaml", ".yml")) and not name.startswith(".") and not is_ours(content)
    }


def as_generated(side: Revision, generated: Generated) -> Units:
    """The units whose files are byte for byte what the values generate: they build to the rendered objects (the first
    law), and need not be built."""
    if generated.stale is None or any("/engine/" in path or path.startswith("base/") for path in generated.stale):
        return {}
    touched = {path.rpartition("/")[0].split("/", 2)[-1] for path in generated.stale}
    return {unit: objects for unit, objects in generated.objects.items() if unit not in touched}


def _base(side: Revision) -> Base | None:
    _, stack, _ = read_stack(_sources(side, None))
    return lay_out_base(stack, header("values/base.yaml")) if stack is not None else None
