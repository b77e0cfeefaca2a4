"""What nothing reads any more is taken out, and what was meant by mere presence is said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from llmstack.checks.rules.dead_key import DEAD, DEAD_ELSEWHERE
from llmstack.finding import Route, at_route
from llmstack.flags import Match, catalogue_for, lint_environment
from llmstack.kubernetes.untyped import sequence
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import Edit, insert_first, remove_routes, shift_lines
from llmstack.values.layers import MODELS, models_in
from llmstack.values.syntax import Document, Part

_ENGINE = "VLLM_USE_V1"
DEAD_VARIABLES = frozenset((_ENGINE, "VLLM_RPC_TIMEOUT", "LMCACHE_USE_EXPERIMENTAL"))
"""What the chart sets, or told people to set, and current releases do not read: the catalogues have VLLM_USE_V1
up to vLLM 0.10 and VLLM_RPC_TIMEOUT up to 0.22, and LMCache's pull request 2319 (December 2025) took out what
chose between its two code paths. A model whose image is known to read one keeps it."""


FORGOTTEN: tuple[Route, ...] = (("lmcacheConfig", "kvRank"), ("lmcacheConfig", "kvParallelSize"))
"""Keys of a model that the chart's first templates wrote into `--kv-transfer-config` and those of 0.1.12 do not read:
LMCache's connector knows its peers without them. The model of the values does not have them."""


def remove_dead_keys(file: File) -> Iterator[Step]:
    """Yield the steps that take dead keys out of the file, one for each map that holds some."""
    dead = [*(route for route, _, _ in DEAD), *FORGOTTEN]
    routes: list[Route] = []
    for number, model in models_in(file.data):
        if there := [each for each in dead if each[0] in model]:
            kept = _choices_of_an_old_engine(file.merged_model(number))
            routes += [(*MODELS, number, *each) for each in there if each not in kept and not _is_told(model, each)]
    routes += [route for route, _, _ in DEAD_ELSEWHERE]
    yield from _removals(file, [route for route in routes if file.document.find(route) is not None])


def _choices_of_an_old_engine(model: Mapping[str, Any]) -> Collection[Route]:
    """The keys from which the chart set VLLM_USE_V1, where the model's image is known to read it and `env` does not say
    it: they meant something, and the check `dead-key` says what to write instead."""
    is_said = any(isinstance(each, dict) and each.get("name") == _ENGINE for each in sequence(model.get("env")))
    return () if is_said or _is_dead(_ENGINE, _match(model)) else (("vllmConfig", "v0"), ("vllmConfig", "v1"))


def _is_told(model: Mapping[str, Any], route: Route) -> bool:
    """Whether a dead key of `vllmConfig` still says something by being there: PROMETHEUS_MULTIPROC_DIR is set where
    the section holds anything and does not ask for V0 (the chart's templates)."""
    config = model.get("vllmConfig")
    if route[0] != "vllmConfig" or not isinstance(config, dict):
        return False
    return str(config.get("v0")) == "1" or config.keys() <= {"v0", "v1"}


def remove_dead_variables(file: File) -> Iterator[Step]:
    """Yield the steps that take variables out of `env` which the model's image does not read."""
    names: dict[Route, str] = {}
    for number, model in models_in(file.data):
        for index, entry in enumerate(sequence(model.get("env"))):
            name = entry.get("name") if isinstance(entry, dict) else None
            if isinstance(name, str) and _is_dead(name, _match(file.merged_model(number))):
                names[(*MODELS, number, "env", index)] = name
    yield from _removals(file, names, names)


def turn_on_ray(file: File) -> Iterator[Step]:
    """Yield a step for each `raySpec` that does not say whether it is on.

    The chart's first templates made a RayCluster of a model that had the key (`hasKey $modelSpec "raySpec"`,
    helm/templates/ray-cluster.yaml); later ones want `enabled: true`. The cache server and the shared storage were
    once turned on by their section alone too, but chart 0.1.12 deploys neither without its switch: there the check
    `dead-key` asks what is meant.
    """
    for number, model in models_in(file.data):
        route: Route = (*MODELS, number, "raySpec")
        ray = model.get("raySpec")
        merged = file.merged_model(number).get("raySpec")
        if isinstance(ray, dict) and ray and isinstance(merged, dict) and "enabled" not in merged:
            holder = file.document.part(route)
            if holder is not None:
                edits = partial(insert_first, file.document, holder, {"enabled": "true"})
                yield make_step(route, "give it `enabled: true`", edits, sets=[((*route, "enabled"), True)])


def list_triggers(file: File) -> Iterator[Step]:
    """Yield a step for each `keda.triggers` that is one trigger instead of a list."""
    for number, model in models_in(file.data):
        route: Route = (*MODELS, number, "keda", "triggers")
        trigger = at_route(model, ("keda", "triggers"))
        spot = file.document.find(route)
        if isinstance(trigger, dict) and trigger and spot is not None:
            edits = partial(_list_edits, file.document, spot.value)
            yield make_step(route, "put `- ` before its first key", edits, sets=[(route, [trigger])])


def _removals(file: File, routes: Iterable[Route], variables: Mapping[Route, str] | None = None) -> Iterator[Step]:
    """A step for each map or list that holds one of the routes, with all of its own; of variables, which may have been
    meant, it says why they go."""
    by_section: dict[Route, list[Route]] = {}
    for route in routes:
        by_section.setdefault(route[:-1], []).append(route)
    for section in by_section.values():
        edits = partial(remove_routes, file.document, section)
        names = ", ".join(f"`{variables[route]}`" for route in section) if variables else ""
        said = f"gone: the image's release does not read {names}" if names else None
        yield make_step(section[0], "remove it", edits, deletes=section, said=said)


def _list_edits(document: Document, value: Part) -> list[Edit]:
    if value.kind == "alias" or value.flow:
        return [Edit(value.start, value.start, "["), Edit(value.end, value.end, "]")]
    at = value.entries[0][0].start
    return [Edit(at, at, "- "), *shift_lines(document, at, document.line_end(value.end))]


def _is_dead(name: str, match: Match) -> bool:
    """Whether the release in the image, as far as it is known, does not read a variable."""
    if any(problem.kind == "removed-env" for problem in lint_environment([name], match)):
        return True
    return name in DEAD_VARIABLES and (match.sureness == "guess" or name not in match.catalogue.environment)


def _match(model: Mapping[str, Any]) -> Match:
    """The catalogue for a model's image."""
    stated = at_route(model, ("gitops", "vllmVersion"))
    repository, tag = model.get("repository"), model.get("tag")
    return catalogue_for(
        repository if isinstance(repository, str) else "",
        str(tag) if isinstance(tag, (str, int, float)) else "",
        str(stated) if stated is not None else None,
    )
