"""`llmstack tools`: the programs that llmstack runs."""

from __future__ import annotations

import sys

import typer

from llmstack.commands import output

tools = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The programs that llmstack runs.")


@tools.callback()
def programs() -> None:
    """The programs that llmstack runs."""


@tools.command("install")
def install() -> None:
    """Build kustomize and kubeconform into the user's cache.

    Needs Go 1.21 or newer. Versions and checksums of all sources come with llmstack. Without Go, get both from their
    own releases: llmstack fetches no binaries, because it ships no hashes to hold them against. They are found there
    unless $LLMSTACK_TOOLS names another folder.
    """
    from importlib.resources import files

    from llmstack.programs.building import build_tools

    module = files("llmstack.commands.init") / "files"
    texts = {name: (module / name).read_text(encoding="utf-8") for name in ("go.mod", "go.sum")}
    target = output.cache_folder("tools")
    sys.stderr.write(f"building kustomize and kubeconform into {target}, which takes some minutes the first time\n")
    for name, found in build_tools(texts, target).items():
        print(f"{name} {found.version}: {found.path}")
