"""A model has a name that vLLM cannot find or takes for a flag.

`modelURL` is the name of a repository on the hub (`org/name`), the path of a folder in the container, or the address of
a bucket (`s3://`, `gs://`, `az://`). Text that begins with `-` is a flag to vLLM's parser, an `http://` address is no
model, and a letter of another alphabet that only looks like a Latin one names another model, or none.

Fix: write `org/name`, or the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("bad-model", Severity.ERROR, alone=True)

_MODEL = re.compile(
    r"/[^\x00-\x1f\x7f]*"  # a path is the file system's to judge
    r"|(?:s3|gs|az|r2)://[!-~]+"
    r"|[A-Za-z0-9._][A-Za-z0-9._/-]*(?::[A-Za-z0-9._-]+)?"  # of the hub, or a path; `:` names a GGUF quantization
)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        name = model.model_url or ""
        if name and "$(" not in name and not _MODEL.fullmatch(name):
            odd = next((character for character in name if not character.isascii()), None)
            foreign = f": `{odd}` is U+{ord(odd):04X}, no letter of ASCII" if odd else ""
            help = "write org/name, as on the hub, or the path of a folder in the container"
            yield Problem(f"`{name}` is no model that vLLM finds{foreign}", (*at, "modelURL"), help=help)
