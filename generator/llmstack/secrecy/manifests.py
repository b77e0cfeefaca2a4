"""Secrets as texts: a manifest, or a patch of one, in a ConfigMap, in a kustomization, in a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

_KIND = re.compile(r"\bkind\\{0,3}[\"']?\s{0,20}:\s{0,20}\\{0,3}[\"']?Secret(?:List)?(?![\w.-])")
_DOCUMENT = re.compile(r"(?:(?<=\n)|\A)---")
_NAME = r"(?P<name>stringData|data)\\{0,3}[\"']?[ \t]{0,20}:[ \t]{0,20}"
_IN_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*)(?:- )?[\"']?{_NAME}(?:#[^\n]*)?\n(?P<held>(?:(?P=indent)[ \t]+[^\n]*\n?|[ \t]*\n)+)",
    re.MULTILINE,
)
_IN_BRACES = re.compile(rf"\b{_NAME}\{{(?P<held>(?:[^{{}}]|\{{\{{[^{{}}]*\}}\}})*)\}}")
_OPERATION = re.compile(
    r"path\\{0,3}[\"']?:[ \t]{0,20}\\{0,3}[\"']?/(?P<name>stringData)(?:/[^\s\"',\\]{1,300})?"
    r"\\{0,3}[\"']?[ \t]{0,20}(?:,|\n)\s{0,200}\\{0,3}[\"']?value\\{0,3}[\"']?:[ \t]{0,20}(?P<held>[^\n]+)"
)
"""What a Secret holds: as lines below its key, in braces, and in an operation of a JSON patch."""
_SAYS_NOTHING = re.compile(
    r"(?:(?<=[\n,{])|\A)[ \t]*\\{0,3}[\"']?[\w.-]{1,253}\\{0,3}[\"']?[ \t]*:(?=[\s\"'\\]|\Z)"
    r"|\$\([^()\n]*\)|\$\{[^{}\n]*\}|\{\{[^{}\n]*\}\}|ENC\[[^\]\n]*\]|\(masked\)"
    r"|\bnull\b|(?<=\s)#[^\n]*|[|>][-+0-9]*(?=[ \t]*\n)"
)
"""Keys, references, what is encrypted, and signs of YAML's own."""
_A_SIGN = re.compile(r"\w")


def find_secret_data(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text has what a Secret holds, in plain text or base64: begin and end. References (`${TOKEN}`,
    `{{ .token }}`) are none."""
    if "Secret" not in text and "stringData" not in text:
        return
    for start, end in _documents(text):
        is_secret = _KIND.search(text, start, end) is not None
        for pattern in (_IN_BLOCK, _IN_BRACES, _OPERATION):
            for found in pattern.finditer(text, start, end):
                if (is_secret or found["name"] == "stringData") and _A_SIGN.search(
                    _SAYS_NOTHING.sub("", found["held"])
                ):
                    yield found.start("held"), found.start("held") + len(found["held"].rstrip())


def _documents(text: str) -> Iterator[tuple[int, int]]:
    starts = [found.start() for found in _DOCUMENT.finditer(text)]
    yield from zip([0, *starts], [*starts, len(text)], strict=True)
