"""`llmstack tools`: the programs that llmstack runs, and the packages that it needs."""

from __future__ import annotations

import sys

import typer

from llmstack.commands import output

ABOUT = "Install the programs that llmstack runs, pin the packages."

tools = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=ABOUT)


@tools.callback(help=ABOUT)
def programs() -> None:
    """Hold the commands together."""


@tools.command("install")
def install() -> None:
    """Install kustomize and kubeconform into the user's cache.

    With Go 1.21 or newer on PATH they are built: versions and checksums of all sources come with llmstack. Without it
    their own releases are fetched from GitHub, held to the hashes that come with llmstack. They are found there unless
    $LLMSTACK_TOOLS names another folder.
    """
    from llmstack.commands.init.forge import template
    from llmstack.commands.released import fetch_tools
    from llmstack.programs.building import OLDEST_GO, build_tools, find_go

    target, go = output.cache_folder("tools"), find_go()
    if go is None:
        why = f"there is no Go {'.'.join(map(str, OLDEST_GO))} or newer on PATH"
        sys.stderr.write(f"fetching the releases of kustomize and kubeconform into {target}: {why}\n")
        installed = fetch_tools(target)
    else:
        texts = {name: template(name) for name in ("go.mod", "go.sum")}
        sys.stderr.write(f"building kustomize and kubeconform into {target}, which takes some minutes the first time\n")
        installed = build_tools(go, texts, target)
    for name, found in installed.items():
        print(f"{name} {found.version}: {found.path}")


@tools.command("requirements")
def requirements() -> None:
    """Print the packages that llmstack needs, each with its hashes.

    With those that build llmstack they are the file tools/requirements.txt of a repository that `init` makes. pip
    installs it with --require-hashes, then llmstack itself with --no-deps --no-build-isolation.
    """
    from llmstack.commands.init.forge import template

    sys.stdout.write(template("requirements.txt"))
