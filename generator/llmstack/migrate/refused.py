"""What the model refuses and the chart accepted: keys that are none, numbers in quotes, limits that say nothing.

A key that the chart ignored becomes a comment in its place, so that nothing changes and nothing is lost; one that
misspells a known key is left as an error, since somebody meant it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from llmstack import yamlio
from llmstack.finding import Route
from llmstack.kubernetes.quantities import quantity
from llmstack.migrate.comments import as_comment, comments_of
from llmstack.migrate.flags import flags_to_arguments, known_image, replace_entry, respell_flags, said_by
from llmstack.migrate.step import File, Step, make_step
from llmstack.model.unknown_keys import explain, slip
from llmstack.review.wording import listed
from llmstack.values.edit import (
    CannotEdit,
    Edit,
    comment_entry,
    comment_in_brackets,
    remove_routes,
    rename_key,
    replace_value,
)
from llmstack.values.excerpt import aliases_of, parts_of
from llmstack.values.holding import CHART_KEYS
from llmstack.values.layers import MODELS, models_in
from llmstack.values.nodes import UNREAD
from llmstack.values.syntax import Spot

NAMED = 10
"""Keys that a line names before it counts."""
NO_KEY = "not a key of the chart or of llmstack"
_TYPED = frozenset(("hf_token", "vllmApiKey", "credentials"))
"""Keys that take a reference to a Secret: what stands in them is the secrets' own matter."""


def unquote_numbers(file: File) -> Iterator[Step]:
    """Yield the steps that write numbers and booleans without the quotes that Helm forgave, and text with them."""
    for problem in file.refused:
        spot = file.document.find(problem.route)
        text = spot.value.text if spot is not None and spot.value.kind == "scalar" else None
        if spot is None or text is None:
            continue
        value: int | float | bool | str | None
        if problem.kind in _WHOLE and isinstance(problem.value, float) and problem.value.is_integer():
            value = int(problem.value)
        elif problem.kind in ("int_type", "float_type", "bool_type") and spot.value.style in ("'", '"'):
            value = _bare(text, problem.kind)
        elif problem.kind == "string_type" and not spot.value.style:
            value = text if isinstance(problem.value, (int, float)) and _is_said_once(problem.value, text) else None
        else:
            continue
        if value is not None:
            shown = f'"{value}"' if isinstance(value, str) else yamlio.dump(value).strip()
            yield make_step(
                problem.route,
                f"write {shown}",
                partial(replace_value, file.document, spot.value, shown),
                sets=[(problem.route, value)],
                said=f"written as {shown}",
            )


_WHOLE = frozenset(("int_type", "int_from_float"))
"""How the model refuses `1.0`, which Helm prints as 1."""


def _is_said_once(value: int | float | bool, text: str) -> bool:
    """Whether quotes leave what a scalar says: of a boolean only its plain words do (`yes` and `on` are others)."""
    return not isinstance(value, bool) or text in ("true", "false")


def empty_collections(file: File) -> Iterator[Step]:
    """Yield a step for each empty map in a list's place, and the other way round: to Helm's `with` both are nothing."""
    for problem in file.refused:
        wanted = {"list_type": "[]", "dict_type": "{}", "model_type": "{}"}.get(problem.kind)
        spot = file.document.find(problem.route) if wanted else None
        if spot is None or wanted is None or problem.value not in ({}, []) or spot.value.kind not in ("map", "list"):
            continue
        yield make_step(
            problem.route,
            f"write `{wanted}`",
            partial(_replace_whole, spot, wanted),
            sets=[(problem.route, [] if wanted == "[]" else {})],
            said=f"written as `{wanted}`",
        )


def _replace_whole(spot: Spot, text: str) -> list[Edit]:
    if not spot.value.flow or spot.value.start != spot.value.body:
        raise CannotEdit
    return [Edit(spot.value.start, spot.value.end, text)]


def _bare(text: str, kind: str) -> int | float | bool | None:
    """What a quoted scalar says without its quotes; None where it is no value of the kind."""
    bare = text.strip()
    if kind == "bool_type":
        return {"true": True, "false": False}.get(bare.lower())
    if bare.isdecimal() and (bare == "0" or not bare.startswith("0")):
        return int(bare)
    whole, dot, rest = bare.partition(".")
    return float(bare) if kind == "float_type" and dot and whole.isdecimal() and rest.isdecimal() else None


def remove_idle_limits(file: File) -> Iterator[Step]:
    """Yield a step for each `limitGPU` that says what `requestGPU` says: the chart sets the limit by the request."""
    for number, model in models_in(file.data):
        route: Route = (*MODELS, number, "limitGPU")
        request = file.merged_model(number).get("requestGPU")
        counts = [quantity(str(count)) for count in (model.get("limitGPU"), request) if count is not None]
        if len(counts) == 2 and counts[0] == counts[1] and file.document.find(route) is not None:
            edits = partial(remove_routes, file.document, [route])
            said = "gone: the limit of GPUs is their request"
            yield make_step(route, "remove it", edits, deletes=[route], said=said)


def name_pull_secrets(file: File) -> Iterator[Step]:
    """Yield a step for each model's `imagePullSecrets` of one Secret: the key has the name alone."""
    for number, model in models_in(file.data):
        route: Route = (*MODELS, number, "imagePullSecrets")
        held = model.get("imagePullSecrets")
        only = held[0] if isinstance(held, list) and len(held) == 1 else None
        name = only.get("name") if isinstance(only, dict) and len(only) == 1 else only
        spot = file.document.find(route)
        if isinstance(name, str) and spot is not None and "imagePullSecret" not in model:
            text = f"imagePullSecret: {yamlio.dump(name).strip()}"
            yield make_step(
                route,
                f"write `{text}`",
                partial(replace_entry, file.document, spot, text),
                sets=[((*MODELS, number, "imagePullSecret"), name)],
                deletes=[route],
                said=f"written as `{text}`; the chart ignored it, now the pods pull with it",
            )


def keep_anchors(file: File) -> Iterator[Step]:
    """Yield a step for each key at the top that is none, and holds an anchor that others name: keys that begin with
    `x-` are left alone."""
    used = {id(alias.resolved) for alias in aliases_of(file.document.root)}
    for problem in file.refused:
        route, name = problem.route, f"{UNREAD}{str(problem.route[-1]).lstrip('_.')}"
        spot = file.document.find(route) if problem.kind == "extra_forbidden" and len(route) == 1 else None
        if spot is not None and name not in file.data and any(id(part) in used for part in parts_of(spot.value)):
            yield make_step(
                route,
                f"write `{name}`",
                partial(rename_key, spot, name),
                sets=[((name,), file.data[str(route[0])])],
                deletes=[route],
                said=f"written as `{name}`: it holds an anchor, and keys that begin with `{UNREAD}` are left alone",
            )


def comment_unknown(file: File) -> Iterator[Step]:
    """Yield a step for each key that is none, and for those of one map in brackets together: they become comments in
    their place, secrets in them removed."""
    if not CHART_KEYS & file.data.keys():
        return  # a file of something else: all of it would go
    together: dict[int, list[tuple[Route, Spot]]] = {}
    for problem in file.refused:
        route = problem.route
        if problem.kind != "extra_forbidden" or slip(route) is not None or _TYPED & {*route[:-1]}:
            continue
        spot = file.document.find(route)
        if spot is not None:
            together.setdefault(id(spot.holder if spot.holder.flow else spot), []).append((route, spot))
    for entries in together.values():
        yield _as_comments(file, entries)


def _as_comments(file: File, entries: Sequence[tuple[Route, Spot]]) -> Step:
    """The step that makes comments of entries: of one, or of several of one map in brackets."""
    spots = [spot for _, spot in entries]
    lines = [line for spot in spots for line in as_comment(file, spot, NO_KEY)]
    (first, _), *others = entries
    same = said_by(file, first)
    help = f"`{same}` says it" if same else explain(first, known_image(file, first), "<env>")
    names = [f"`{route[-1]}`" for route, _ in others]
    beside = f", as {listed(names, NAMED)} beside it" if names else ""
    if len(spots) > 1:
        edits = partial(comment_in_brackets, file.document, spots, lines)
    else:
        edits = partial(comment_entry, file.document, spots[0], lines)
    return make_step(
        first,
        f"remove it, or make it a comment ({help})",
        edits,
        deletes=dict.fromkeys(each for route, spot in entries for each in (route, file.own_route(spot))),
        comments=(tuple(comment for spot in spots for comment in comments_of(file, spot)), tuple(lines)),
        said=f"a comment now{beside}: {NO_KEY}, and the chart ignores it ({help})",
    )


PHASES: tuple[Callable[[File], Iterator[Step]], ...] = (
    unquote_numbers,
    empty_collections,
    remove_idle_limits,
    name_pull_secrets,
    respell_flags,
    flags_to_arguments,
    flags_to_arguments,
    keep_anchors,
    comment_unknown,
)
"""In this order: what can be said in other words is not made a comment. Flags of vllmConfig come first, then those
beside it."""

__all__ = ["NO_KEY", "PHASES"]
