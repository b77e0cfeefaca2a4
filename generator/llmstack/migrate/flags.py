"""Flags of vLLM that are written as keys: they become arguments, or the key that the chart has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.finding import Route, at_route
from llmstack.migrate.step import File, Step, make_step
from llmstack.model.unknown_keys import flag_arguments, flag_spelled, in_one_line, slip
from llmstack.secrecy.names import is_secret_name
from llmstack.values.edit import (
    CannotEdit,
    Edit,
    append_item,
    find_holder,
    find_spot,
    insert_last,
    remove_routes,
)
from llmstack.values.layers import MODELS, models_in
from llmstack.values.syntax import Document, Spot


class FlagKey(Struct, frozen=True):
    """A key that spells a flag of vLLM, and the arguments that say the same."""

    route: Route
    arguments: list[str]


def flags_to_arguments(file: File) -> Iterator[Step]:
    """Yield a step for each section of a model that has vLLM's flags as keys: they become extraArgs.

    Those of vllmConfig first, then those beside it: the extraArgs of both are one list.
    """
    found: dict[Route, list[FlagKey]] = {}
    for key in _flag_keys(file):
        found.setdefault(key.route[:-1], []).append(key)
    for number, model in models_in(file.data):
        inside = found.get((*MODELS, number, "vllmConfig"), [])
        beside = found.get((*MODELS, number), [])
        if keys := inside or beside:
            yield _flag_step(file, (*MODELS, number), model, keys, inside=bool(inside))


def _flag_keys(file: File) -> Iterator[FlagKey]:
    images: dict[Route, Any] = {}
    for problem in file.refused:
        if problem.kind == "extra_forbidden" and problem.route[:2] == MODELS and not _is_secret(file, problem.route):
            model = problem.route[:3]
            if model not in images:
                images[model] = known_image(file, model)
            arguments = flag_arguments(problem.route, images[model])
            if arguments and slip(problem.route) is None and said_by(file, problem.route) is None:
                yield FlagKey(problem.route, arguments)


def said_by(file: File, route: Route) -> str | None:
    """Where the flag that a key of a model spells is given by what the chart reads; None where nothing gives it.

    The chart ignored the key, so that what it read must go on being what vLLM gets.
    """
    if route[:2] != MODELS or len(route) < 4 or not isinstance(route[2], int):
        return None
    model = file.merged_model(route[2])
    wanted, config = flag_spelled(str(route[-1]), model), model.get("vllmConfig")
    if wanted is None or not isinstance(config, dict):
        return None
    others = (key for key in config if (*route[:3], "vllmConfig", key) != route and config[key] is not None)
    if same := next((key for key in others if flag_spelled(key, model) == wanted), None):
        return f"vllmConfig.{same}"
    listed = config.get("extraArgs")
    given = {str(word).partition("=")[0] for word in listed} if isinstance(listed, list) else set()
    return "vllmConfig.extraArgs" if wanted in given else None


def known_image(file: File, route: Route) -> Any:
    """The file's data, with the image that a layer below gives the model."""
    if route[:2] != MODELS or not isinstance(route[2], int):
        return file.data
    merged = file.merged_model(route[2])
    image = {key: merged[key] for key in ("repository", "tag") if key in merged}
    held = at_route(file.data, route[:3])
    own = list(file.data["servingEngineSpec"]["modelSpec"])
    own[route[2]] = {**image, **held}
    return {"servingEngineSpec": {"modelSpec": own}}


def _flag_step(file: File, at: Route, model: Mapping[str, Any], keys: list[FlagKey], *, inside: bool) -> Step:
    arguments = [argument for key in keys for argument in key.arguments]
    config = model.get("vllmConfig")
    held = config.get("extraArgs") if isinstance(config, dict) else None
    before = list(held) if isinstance(held, list) else []
    routes = [key.route for key in keys]
    edits = partial(_flag_edits, file.document, at, routes, arguments, inside=inside)
    said = "; ".join(f"`{key.route[-1]}` is {in_one_line(key.arguments)} in extraArgs" for key in keys)
    return make_step(
        routes[0],
        f"write `extraArgs: {in_one_line(arguments)}`",
        edits,
        sets=[((*at, "vllmConfig", "extraArgs"), [*before, *arguments])],
        deletes=routes,
        said=f"{said}; the chart ignored what stood here, now vLLM reads it",
    )


def _flag_edits(
    document: Document, at: Route, routes: list[Route], arguments: list[str], *, inside: bool
) -> list[Edit]:
    listed = document.find((*at, "vllmConfig", "extraArgs"))
    if listed is not None and listed.value.kind == "list":
        holder = listed.value
        more = [Edit(edit.start, edit.end, edit.text) for edit in _append(document, holder, arguments)]
        return [*more, *remove_routes(document, routes)]
    if listed is not None:
        raise CannotEdit
    config = document.find((*at, "vllmConfig"))
    text = f"extraArgs: {in_one_line(arguments)}"
    if not inside and config is not None:
        into = find_holder(document, (*at, "vllmConfig"))
        return [*insert_last(document, into, {"extraArgs": in_one_line(arguments)}), *remove_routes(document, routes)]
    first = find_spot(document, routes[0])
    whole = text if inside else f"vllmConfig: {{{text}}}"
    rest = remove_routes(document, routes[1:]) if len(routes) > 1 else []
    return [*replace_entry(document, first, whole), *rest]


def _append(document: Document, holder: Any, arguments: list[str]) -> list[Edit]:
    """One edit that appends several items: they go to one place."""
    shown = [yamlio.dump(argument).rstrip("\n") for argument in arguments]
    edits = [edit for text in shown for edit in append_item(document, holder, text)]
    if not holder.items:
        return [Edit(edits[0].start, edits[0].end, ", ".join(shown))]
    return [Edit(edits[0].start, edits[0].end, "".join(edit.text for edit in edits))]


def replace_entry(document: Document, spot: Spot, text: str) -> list[Edit]:
    """`text` for a whole entry; its comments stay behind it."""
    if spot.holder.kind != "map" or spot.key.start != spot.key.body or spot.value.kind == "alias":
        raise CannotEdit
    start, end = spot.key.start, max(spot.key.end, spot.value.end)
    inside = document.comments_in(start, end)
    if len(inside) > 1 or (inside and spot.holder.flow):
        raise CannotEdit
    return [Edit(start, end, "  ".join([text, *inside]))]


def respell_flags(file: File) -> Iterator[Step]:
    """Yield a step for each key of vllmConfig that is a flag with its dashes, and that the chart has in camel case."""
    for problem in file.refused:
        route, known = problem.route, slip(problem.route) if problem.kind == "extra_forbidden" else None
        spot = file.document.find(route)
        key = str(route[-1])
        if known is None or spot is None or route[-2:-1] != ("vllmConfig",) or known in at_route(file.data, route[:-1]):
            continue
        if re.fullmatch(r"[a-z]+(?:[-_][a-z]+)+", key) and re.sub(r"[-_]", "", key) == known.lower():
            yield make_step(
                route,
                f"write `{known}`",
                partial(_rename_key, spot, known),
                sets=[((*route[:-1], known), at_route(file.data, route))],
                deletes=[route],
                said=f"written as `{known}`; the chart ignored what stood here, now vLLM is told",
            )


def _rename_key(spot: Spot, name: str) -> list[Edit]:
    if spot.key.start != spot.key.body or spot.key.kind != "scalar":
        raise CannotEdit
    return [Edit(spot.key.start, spot.key.end, name)]


def _is_secret(file: File, route: Route) -> bool:
    """Whether a key, or what it holds, is a secret: then it becomes no argument."""
    if any(is_secret_name(str(step)) for step in route[-1:]):
        return True
    return route in file.above_secrets
