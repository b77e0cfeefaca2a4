"""Makes the list of architectures that Transformers has classes for, from its wheels, without installing them.

    python -m tools.make_transformers transformers-4.57.6-….whl transformers-5.24.0-….whl \\
        -o generator/llmstack/schemas/engines/transformers.json

A wheel of each way in which Transformers names its classes will do: what one release drops, another may have.
generator/llmstack/schemas/engines/README.md describes the format.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from pathlib import Path

MODULE = re.compile(r"transformers/models/\w+/modeling_\w+\.py\Z")
CLASS = re.compile(r"^class (\w+(?:ForCausalLM|ForConditionalGeneration))\(", re.MULTILINE)
"""Of architectures that generate text: of the others vLLM loads some by other names."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, nargs="+", help="wheels of Transformers")
    parser.add_argument("-o", "--output", type=Path, help="file to write; else standard output")
    options = parser.parse_args()
    data = {
        "releases": [wheel.name.split("-")[1] for wheel in options.wheels],
        "architectures": sorted({name for wheel in options.wheels for name in read_classes(wheel)}),
    }
    text = json.dumps(data, indent=1) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def read_classes(wheel: Path) -> set[str]:
    """The classes of a wheel's modules that generate text."""
    with zipfile.ZipFile(wheel) as archive:
        modules = (archive.read(name).decode() for name in archive.namelist() if MODULE.match(name))
        return {name for module in modules for name in CLASS.findall(module)}


if __name__ == "__main__":
    sys.exit(main())
