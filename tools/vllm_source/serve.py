"""From a release's sources to its catalogue, by way of the parser of `serve`."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from typing import Any

from vllm_source.lazy import World
from vllm_source.record import Recorder, read_flags
from vllm_source.sources import Sources

ARGUMENTS = "vllm.engine.arg_utils"
SERVE = "vllm.entrypoints.cli.serve"
PARSERS = ("vllm.utils.argparse_utils", "vllm.utils")


def read_catalogue(sources: Sources) -> tuple[dict[str, Any], list[str]]:
    """The catalogue of a release, and what in its sources could not be evaluated.

    Raises ValueError for releases before 0.8, whose `serve` is declared elsewhere.
    """
    world = World(sources.modules)
    if SERVE not in world:
        raise ValueError(f"vLLM {sources.version} does not declare `serve` in {SERVE}")
    world.names(ARGUMENTS)["NEEDS_HELP"] = True
    recorder = Recorder()
    world.names(SERVE)["ServeSubcommand"]().subparser_init(recorder)
    flags = read_flags(recorder, boolean_action(world))
    return {"version": sources.version, "flags": flags, "env": sorted(environment(sources))}, world.unresolved


def boolean_action(world: World) -> type[argparse.Action] | None:
    """What stands in the place of BooleanOptionalAction: from 0.33 `--enable-x` also takes `--disable-x`."""
    for module in PARSERS:
        if module in world and "EnableDisableAction" in world.names(module).statements:
            action: type[argparse.Action] = world.names(module)["EnableDisableAction"]
            return action
    return None


def environment(sources: Sources) -> Iterator[str]:
    """The `VLLM_*` keys of the dictionaries in vllm/envs.py, where vLLM declares the variables it reads."""
    for node in ast.walk(ast.parse(sources.modules["vllm.envs"])):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and str(key.value).startswith("VLLM_"):
                    yield str(key.value)
