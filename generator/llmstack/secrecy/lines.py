"""Lines of a values file that a report may quote: whether one of them holds a secret, as far as it alone tells."""

from __future__ import annotations

import re
from functools import lru_cache

from llmstack.secrecy.credentials import holds_secret, is_secret
from llmstack.secrecy.names import REMEMBERED, is_secret_name

_PAIR = re.compile(r"(?<![\w.-])(name|value)[\"']?[ \t]*:[ \t]*[\"']?([^\s,{}\[\]\"'#][^,}\]\"']{0,400})")
_LINE_KEY = re.compile(r"^[\s\"'{\[,?-]*value[\"']?[ \t]*:[ \t]+\S")
_STARRED = re.compile(r"(?<![\w.-])([\w.-]++)[\"']?[ \t]*:[ \t]*\*\S")
"""A key with an alias, or with a password that begins with the sign of one."""
_GLUED = re.compile(r"[\s\"'{\[,?-]*([\w.-]+)[\"']?:(?!\s)(.+)")
"""A key without the space behind its colon, which YAML reads as one text."""
_FLOW = re.compile(r"[\[\],]")


@lru_cache(maxsize=REMEMBERED)
def line_may_hold_secret(line: str) -> bool:
    """Whether a line may hold a secret: under a name that says so, by its form, after a flag in a list, or as the
    `value` of an environment variable, whose name stands on another line."""
    if holds_secret(line) or ("--" in line and holds_secret(_FLOW.sub(" ", line))):
        return True
    if any(map(is_secret_name, _STARRED.findall(line))):
        return True
    glued = _GLUED.match(line)
    if glued is not None and is_secret(glued[1], glued[2].strip()):
        return True
    pairs = dict(_PAIR.findall(line))
    if "name" in pairs and "value" in pairs:
        return is_secret(pairs["name"].strip(), pairs["value"].strip())
    return bool(_LINE_KEY.match(line))
