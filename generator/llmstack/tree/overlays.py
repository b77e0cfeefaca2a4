"""overlays/<env>/: what differs in one environment, unit by unit."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from llmstack import yamlio
from llmstack.kustomize.patch import NotExpressible, difference
from llmstack.model.stack import Stack
from llmstack.objects import engine, labels
from llmstack.objects.placed import Placed
from llmstack.tree.base import WHOLE, Base, by_unit
from llmstack.tree.unit import KUSTOMIZATION, Component, Files, Parent, strip, write_component, write_unit


def lay_out_overlay(
    environment: str,
    stack: Stack,
    base: Base,
    objects: Iterable[Placed],
    *,
    header: str,
) -> Files:
    """Lay out the units of one environment from its stack and objects."""
    root = f"overlays/{environment}"
    component = engine_component(root, stack, base)
    files = write_component(component, header)
    on_engine = Parent.of("base/engine", base.engine, component)
    units = by_unit(objects, whole=WHOLE)
    for name, slots in units.items():
        parents = _parents(name, base, component, on_engine)
        namespace = None if name in WHOLE else stack.gitops.namespace
        files |= write_unit(f"{root}/{name}", slots, parents=parents, namespace=namespace, header=header)
    return files


def engine_component(root: str, stack: Stack, base: Base) -> Component:
    """What the environment says of all its engines: its template of an engine against that of base/."""
    goal = strip((placed.slot, placed.object) for placed in engine.template(stack))
    word = base.engine["deployment"]["metadata"]["labels"][labels.COMPONENT]
    selector = f"{labels.COMPONENT}={word}"
    patches = {}
    for slot, object in base.engine.items():
        try:
            patch = difference(object, goal[slot])
        except NotExpressible:  # then each model says it
            continue
        if patch:
            patches[slot] = patch
    return Component(f"{root}/engine", patches, selector)


def aggregate(environment: str, units: Iterable[str], custom: Collection[str], header: str) -> Files:
    """The kustomization of the whole environment; a unit that people build on under custom/<env>/ stands in for the
    generated one."""
    entries = [f"../../custom/{environment}/{unit}" if unit in custom else unit for unit in sorted(units)]
    body = {**KUSTOMIZATION, "resources": entries}
    return {f"overlays/{environment}/kustomization.yaml": header + yamlio.dump(body)}


def _parents(unit: str, base: Base, component: Component, on_engine: Parent | None) -> list[Parent]:
    """What the unit may build on, best first."""
    is_model = unit.startswith("models/")
    own = Parent.of(f"base/{unit}", base.units[unit], component if is_model else None) if unit in base.units else None
    return [parent for parent in (own, on_engine if is_model else None) if parent is not None]
