"""Add a case: a values file, and what `helm template` makes of it.

    python -m tests.parity.add_case NAME VALUES --chart FOLDER

The rendering may also be given (`--rendered FILE`), where helm is not at hand: made with the release name `vllm` in
the namespace `default`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parity.corpus import HERE
from tests.parity.prepare import RELEASE


def main(words: list[str] | None = None, folder: Path = HERE / "cases") -> int:
    """Write tests/parity/cases/NAME; 1 with a message on stderr when it cannot be rendered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the case, a folder's")
    parser.add_argument("values", type=Path, help="values file of the chart")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--chart", type=Path, help="folder of the chart, rendered with helm")
    source.add_argument("--rendered", type=Path, help="what helm has made of the values file")
    parser.add_argument("--helm", default="helm", help="the helm program (default: on PATH)")
    given = parser.parse_args(words)
    try:
        rendered = given.rendered.read_text(encoding="utf-8") if given.rendered else _render(given)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cannot render {given.values}: {error}", file=sys.stderr)
        return 1
    case = folder / given.name
    case.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(given.values, case / "values.yaml")
    (case / "rendered.yaml").write_text(rendered, encoding="utf-8")
    print(f"{case}: now run pytest tests/parity --update")
    return 0


def _render(given: argparse.Namespace) -> str:
    """`helm template` with the release and namespace of all renderings."""
    command = [given.helm, "template", RELEASE, str(given.chart), "-f", str(given.values), "--namespace", "default"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
