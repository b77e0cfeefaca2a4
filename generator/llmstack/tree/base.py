"""base/: what values/base.yaml says, and our defaults. A function of values/base.yaml alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from llmstack.model.stack import Stack
from llmstack.objects import engine
from llmstack.objects.components import build_all
from llmstack.objects.placed import Object, Placed
from llmstack.tree.unit import Files, Parent, Slots, strip, write_unit

TEMPLATES = {
    "router_spec": {"enable_router": True},
    "cache_server_spec": {"enable_server": True},
    "shared_storage": {"enabled": True},
}
"""Components whose objects stand in base/ even where values/base.yaml leaves them off."""

WHOLE = frozenset(("extra",))
"""Units that are not written to base/: their objects belong to one environment."""


class Base(Struct, frozen=True):
    """The files of base/, and what its folders build to."""

    files: Files
    engine: Slots
    units: Mapping[str, Slots]


def lay_out_base(stack: Stack, header: str) -> Base:
    """Lay out base/ from the stack that values/base.yaml alone gives."""
    template = strip((placed.slot, placed.object) for placed in engine.template(stack))
    files = write_unit("base/engine", template, parents=(), namespace=None, header=header)
    parent = Parent.of("base/engine", template)
    assert parent is not None
    units = {name: slots for name, slots in by_unit(_all_objects(stack)).items() if name not in WHOLE}
    for name, slots in units.items():
        parents = (parent,) if name.startswith("models/") else ()
        files |= write_unit(f"base/{name}", slots, parents=parents, namespace=None, header=header)
    return Base(files, template, units)


def by_unit(objects: Iterable[Placed], *, whole: Collection[str] = ()) -> dict[str, Slots]:
    """Objects grouped by unit and slot, as the tree holds them; those of `whole` units keep their namespace."""
    grouped: dict[str, list[tuple[str, Object]]] = {}
    for placed in objects:
        grouped.setdefault(placed.unit, []).append((placed.slot, placed.object))
    return {unit: dict(slots) if unit in whole else strip(slots) for unit, slots in grouped.items()}


def _all_objects(stack: Stack) -> Iterable[Placed]:
    """Every model that values/base.yaml names, enabled or not, and the components; of a component that is off, its
    template."""
    models = [model.model_copy(update={"enabled": True}) for model in stack.engine.model_spec]
    engines = stack.engine.model_copy(update={"model_spec": models, "enable_engine": True})
    shown = stack.model_copy(update={"serving_engine_spec": engines})
    written: set[str] = set()
    for placed in build_all(shown):
        written.add(placed.unit)
        yield placed
    forced = {name: getattr(stack, name).model_copy(update=switch) for name, switch in TEMPLATES.items()}
    for placed in build_all(stack.model_copy(update=forced)):
        if placed.unit not in written and not placed.unit.startswith("models/"):
            yield placed
