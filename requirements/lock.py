"""Pin what pyproject.toml asks for: to run, install, work on and release the package, to build its site, and for this.

`make lock` runs it; use the oldest Python that the project supports, whose packages need the most others. The
ranges stay in pyproject.toml; the files hold exact versions and the hashes of their archives, and no address:
pip takes the archives from whatever index the machine is configured with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = (
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--annotation-style=line",
    "--quiet",
)
HEADER = "# Written by `make lock` from {source} in pyproject.toml. Edit the ranges there, not this file.\n"
INSTALLED = "generator/llmstack/commands/init/files/requirements.txt"
INSTALLED_HEADER = """\
# What llmstack needs, and what builds it from its sources, each archive held to its hash:
# `llmstack tools requirements > tools/requirements.txt` writes this file again, for the llmstack that runs.
"""


def wanted() -> dict[str, tuple[str, list[str]]]:
    """For each file of pins: what it says of itself, and the requirements of pyproject.toml it comes from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = project["project"]["dependencies"]
    extras = [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    build = project["build-system"]["requires"]
    groups = project["dependency-groups"]
    sources = {
        "runtime": ("[project] dependencies", runtime),
        "dev": (
            "[project] dependencies and extras, [build-system] and [dependency-groups] dev",
            [*runtime, *extras, *build, *groups["dev"]],
        ),
        "site": ("[dependency-groups] site", groups["site"]),
        "release": ("[dependency-groups] release", groups["release"]),
        "lock": ("[dependency-groups] lock", groups["lock"]),
    }
    files = {
        f"requirements/{name}.txt": (HEADER.format(source=tables), asked) for name, (tables, asked) in sources.items()
    }
    return {**files, INSTALLED: (INSTALLED_HEADER, [*runtime, *build])}


def pin(target: Path, header: str, requirements: list[str], upgrade: list[str]) -> None:
    """Write a file of pins; what is pinned there stays where the ranges allow, unless upgraded."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject").write_text("\n".join(requirements) + "\n", encoding="utf-8")
        pins = Path(folder, target.name)
        if target.exists():
            pins.write_text(target.read_text(encoding="utf-8"), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "piptools",
            "compile",
            *OPTIONS,
            *upgrade,
            "-o",
            pins.name,
            "pyproject",
        ]
        subprocess.run(command, cwd=folder, check=True)
        text = pins.read_text(encoding="utf-8").replace("-r pyproject", "pyproject.toml")
    target.write_text(header + text, encoding="utf-8")


def main() -> None:
    """Write every file of pins; arguments (`--upgrade`, `--upgrade-package NAME`) go to pip-compile."""
    for path, (header, requirements) in wanted().items():
        pin(ROOT / path, header, requirements, sys.argv[1:])


if __name__ == "__main__":
    main()
