"""The predicate: whether a value under a name, or a part of a text, is a secret in plain text.

A name that says so (`names.py`) makes a secret of any value but a reference (`$(HF_TOKEN)`), a switch, or the path of a
file; a form (`forms.py`) does so under any name; and in a text (a script, JSON, a configuration file) a name and the
value after it do so too: `export HF_TOKEN=x`, `"password": "x"`, `--api-key x`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from llmstack.secrecy.encoded import LAYERS, decode_escapes, decode_parts
from llmstack.secrecy.forms import find_forms, has_form
from llmstack.secrecy.logins import find_logins
from llmstack.secrecy.manifests import find_secret_data
from llmstack.secrecy.names import REMEMBERED, is_secret_name, may_name_secret, names_address
from llmstack.secrecy.pairs import PAIRS

MASK = "(masked)"
AN_ARGUMENT = "an argument"
"""What an argument is called that no flag says anything of."""

_BLANK = re.compile(r"[\s\"']")
"""What ends a word where a shell reads it, and does not in a list of words."""
_FLAG_ALONE = re.compile(r"-[^ =]+\Z")
LONGEST = 400
"""How much of what follows a name is looked at to tell whether it is a reference: none is longer."""

_SUSPECT = re.compile(
    r"(?i)token|pass|pwd|_pw|secret|key|cred|auth|bearer|dsn|webhook|cookie|kubeconfig|_pat\b|\bpw\b|jwt|psk|honeycomb-team"
)

_REFERENCE = re.compile(
    r"\$\([A-Za-z_][\w.-]*\)|\$\{[^{}\n]{1,200}\}|\$[A-Z_][A-Z0-9_]*(?![\w])|\{\{[^{}\n]*\}\}|\{[A-Za-z_][\w.\[\]\"']{0,60}\}|ENC\[[^\]\n]*\]|\(masked\)"
)
_SCHEME = re.compile(r"(?i:bearer|basic|token|digest)\b")
_SWITCH = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|nil|undefined|0|1|~|-|\.\.\.|…|auto|required|optional|enabled|disabled"
    r"|basic|bearer|digest|oauth2?|oidc|saml|ldap|kerberos|mtls|iam)\Z",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:(?:\.{1,2}|~)/[\w.-]+|/[\w.-]+/[\w.-]+)(?:/[\w.-]+)*\Z")
_CODE = re.compile(
    r"\$\(|`|\$[\w@#*?{]|\{[%{]|(?:os|process|self|args|settings|config|secrets|env|inputs)\.[a-z]"
    r"|\.(?:Values|Release|Chart|Files|Capabilities)\."
)
_CALL = re.compile(r"[A-Za-z_][\w.]*(?:\(.*\)|\[[\"'\w].*\])")
"""What a script or a template takes from elsewhere: `$(cat file)`, `os.environ["X"]`, `{% if … %}`, `.Values.x`."""
_TYPE = re.compile(
    r"(?:Optional\[|Annotated\[)?(?:str|bytes|int|bool|float|SecretStr|Any|None|string|String)\b[\w\[\]| ]{0,60}"
    r"(?:=\s{0,5}(?:None|\"\"|''|\.\.\.|\w+\.\w[\w.]*[(\[].*|\w+\((?:default=)?(?:None|\"\"|''|\.\.\.)?[,)].*)\s{0,5})?"
    r"(?:[,)].*)?"
)
"""A type where a script says that of an argument, with a default that is none: `token: str | None = None`."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|(?:[a-z_]{1,60}=\S*(?: |\Z))+\Z")
_OPAQUE = re.compile(r"[?&=/](?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[\w-]{16,}")
_STRUCTURE = re.compile(
    r"(?:true|false|null|~|\((?:masked|removed)\)|\[?\{(?![^}]*\bvalue\\{0,3}[\"']?\s?:)\s*(?:[A-Za-z][\w.-]*:\s|\\{0,3}[\"'][A-Za-z][\w.-]*\\{0,3}[\"']\s?:).*|[\[{](?:\s*[\]}])?|[|>][-+0-9]*|\*\S+)\s*(?:#.*)?"
)
"""What stands after a key's colon and is no secret: YAML's own words and signs, a map, whose own keys say what it holds
(`serviceAccountToken: {audience: vault}`)."""
_PROSE_BEFORE = re.compile(r"[\"'](?:[A-Za-z][\w,.-]{0,30} ){1,12}\Z")
_PROSE = re.compile(
    r"(?:set|see|use|not|is|missing|must|from|give|read|none|please|should|stored|put|add|pass|run|expected|required)"
    r"(?: [A-Za-z_.,$(){}/-]{1,60}){1,20}[\"']"
)
"""What a message in quotes says of a secret, `echo "no token: set HF_TOKEN"`: what goes before its name, and after."""
_PREFIX = re.compile(r"[fFrRbB]{1,2}(?=[\"'])")
_IN_JSON = re.compile(r"[,}\]]")
_COMMENT = re.compile(r"[ \t]#(?=[ \t]|\Z).*\Z")
_KEY = re.compile(r"(?=[\w+/=-]{0,100}[A-Za-z0-9]{12})[\w+/=-]{20,200}\Z", re.ASCII)
_ALTERNATION = re.compile(r"(?i)(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
FEWEST_TURNS = 4
"""What a key that was drawn looks like: a long word, in which letters and digits take turns, and no UUID."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_SIGNS = " \t\"'\\,;:)]}|&"


def is_secret(name: str, value: object) -> bool:
    """Whether a value under a name is, or holds, a secret in plain text."""
    if isinstance(value, bool) or value is None or value == "":
        return False
    if not isinstance(value, str):
        return isinstance(value, (int, float)) and is_secret_name(name) and not _is_harmless(name, str(value))
    return _is_named(name, value) or holds_secret(value)


def _is_named(name: str, value: str) -> bool:
    """Whether its name makes a value a secret: any value of a name that says so, a random one of a name that may."""
    if is_secret_name(name):
        return not _is_harmless(name, value)
    return may_name_secret(name) and _looks_random(value)


def _looks_random(value: str) -> bool:
    """Whether a value is one word of a key's length in which letters and digits alternate as in no name or version."""
    word = value.strip(_SIGNS)
    return bool(_KEY.match(word)) and not _UUID.match(word) and takes_turns(word)


def takes_turns(word: str) -> bool:
    """Whether letters and digits take turns as in what was drawn: `Qwen2.5-VL-7B` has two, `NVIDIA-H100-80GB-HBM3`
    three."""
    return len(_ALTERNATION.findall(word)) >= FEWEST_TURNS


@lru_cache(maxsize=REMEMBERED)
def holds_secret(text: str) -> bool:
    """Whether a text has a secret in it: something of a known form, or a value whose name, beside it, says so.

    Remembered, as models share most of their texts.
    """
    return next(find_secrets(text), None) is not None


def find_secrets(text: str, layers: int = LAYERS) -> Iterator[tuple[int, int]]:
    """Yield where secrets stand in a text: begin and end, in no order; spans may overlap.

    A value after a colon goes to the end of its line: more than needed, never less. `layers` are those of encodings
    that are looked into.
    """
    yield from find_forms(text, 0)
    if _SUSPECT.search(text):
        for names, values in PAIRS:
            yield from _find_values(text, names, values)
        yield from find_secret_data(text)
    if layers:
        for start, end, inner in decode_parts(text):
            if next(find_secrets(inner, layers - 1), None) is not None:
                yield start, end
        yield from decode_escapes(text, lambda part: find_secrets(part, layers - 1))


def is_reference(text: str) -> bool:
    """Whether a value is nothing but the name of what holds it: `$(HF_TOKEN)`, `{{ .token }}`, `Bearer $(TOKEN)`."""
    rest, count = _REFERENCE.subn("", text)
    return count > 0 and not _SCHEME.sub("", rest).strip(" \t\n:@/,\"'")


def argument_secrets(arguments: Sequence[object]) -> Iterator[tuple[int, str]]:
    """Yield index and flag of each argument that holds a secret: `--api-key X`, `--api-key=X`, a token of a known form.

    The flag is `AN_ARGUMENT` where none says what the word is for.
    """
    flag = ""
    yield from _logins(arguments)
    for index, argument in enumerate(arguments):
        text = str(argument)
        if flag and not text.startswith("--"):
            if not _is_harmless(flag, text):
                yield index, flag
            flag = flag if flag == "--api-key" else ""  # which takes several
            continue
        found = _secret_in(text)
        if found is not None:
            yield index, found
        flag = _spell(text) if _FLAG_ALONE.match(text) and is_secret_name(_spell(text)) else ""


def _logins(arguments: Sequence[object]) -> Iterator[tuple[int, str]]:
    """Yield the words of a command that are its password, by what the command is: `[curl, -u, "admin:x"]`."""
    words = [" " + _BLANK.sub("\0", str(word)) for word in arguments]
    ends = list(accumulate(map(len, words)))
    for start, _ in find_logins("".join(words)):
        index = bisect_right(ends, start)
        word = str(arguments[index])
        yield index, word[:2] if word.startswith("-") else str(arguments[index - 1])


def _secret_in(text: str) -> str | None:
    """What names the secret that a word of a command line holds by itself; None where it holds none."""
    name, equals, value = text.partition("=")
    if not text.startswith("-") or " " in name:
        return (_named_in(text) or AN_ARGUMENT) if holds_secret(text) else None
    if equals:
        return _spell(name) if is_secret(_spell(name), value) else None
    return AN_ARGUMENT if has_form(text) else None


def _spell(flag: str) -> str:
    return flag.replace("_", "-").lower()


def _named_in(text: str) -> str | None:
    """The flag whose value is the secret in a text that is a command."""
    found = re.search(r"(?<!\S)(--[A-Za-z][\w-]{0,100})(?=[ =])", text)
    while found is not None:
        if is_secret_name(found[1]):
            return found[1].replace("_", "-").lower()
        found = re.compile(r"(?<!\S)(--[A-Za-z][\w-]{0,100})(?=[ =])").search(text, found.end())
    return None


def _find_values(text: str, names: re.Pattern[str], values: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the values in a text whose name names a secret; pairs inside the value of another are seen too."""
    done = 0
    for found in names.finditer(text):
        if found.start() < done or not (is_secret_name(found["name"]) or may_name_secret(found["name"])):
            continue
        head = values.match(text, found.end(), found.end() + LONGEST)
        if head is None or _says_nothing(found, head[head.lastindex or 0]):
            continue
        held = values.match(text, found.end()) or head
        yield held.span()
        done = held.end()


def _says_nothing(found: re.Match[str], value: str) -> bool:
    """Whether what stands where a secret would is a reference, code, nothing, or a sign of YAML's own."""
    after_colon = ":" in found[0].removeprefix(found["name"])
    if after_colon and (_STRUCTURE.fullmatch(value) or _TYPE.fullmatch(value) or _is_prose(found, value)):
        return True
    bare = (_first(found, value) if after_colon else value).strip(_SIGNS)
    if not is_secret_name(found["name"]) and not _looks_random(bare):
        return True
    if (
        not bare
        or is_reference(value)
        or _is_harmless(found["name"], bare)
        or _is_harmless(found["name"], value.strip(_SIGNS))
    ):
        return True
    return bool(_CODE.match(_SCHEME.sub("", bare, count=1).lstrip())) or (not after_colon and bool(_CALL.match(value)))


def _is_prose(found: re.Match[str], value: str) -> bool:
    return bool(_PROSE.match(value) and _PROSE_BEFORE.search(found.string[max(0, found.start() - 400) : found.start()]))


def _first(found: re.Match[str], value: str) -> str:
    """The value itself in what follows a colon: inside its quotes, up to the quote that its name is in, or up to the
    next sign of JSON where it stands in JSON."""
    before = found.string[found.start() - 1 : found.start()]
    if before in ("'", '"') and value.startswith(before) and found[0][len(found["name"]) :].strip() == ":":
        return ""  # of the text that ends there, `echo "Password: "`
    value = _PREFIX.sub("", value.lstrip("\\"), count=1)
    if value.startswith(('"""', "'''")):
        return value[3:-3]
    quote = value[:1] if value[:1] in ("'", '"') else ""
    if quote:
        return value[1:].partition(quote)[0]
    if before in ("'", '"') and found[0][len(found["name"]) :].lstrip("\\")[:1] == before:
        return _IN_JSON.split(value, maxsplit=1)[0]
    if before in ("'", '"'):
        value = value.partition(before)[0]
    return _COMMENT.sub("", value)


def _is_harmless(name: str, value: str) -> bool:
    """Whether a value under a secret's name is none: a reference, a switch, the path of a file, an address alone."""
    bare = value.strip()
    if not bare or _SWITCH.match(bare) or _PATH.match(bare) or is_reference(bare):
        return True
    if names_address(name) or "://" in bare:
        return bool(_ADDRESS.match(bare)) and not _OPAQUE.search(bare) and not has_form(bare)
    return False
