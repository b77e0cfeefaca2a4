"""How a secret is told from other text: by the name it goes under, or by its form."""

from __future__ import annotations

import re

MASK = "(masked)"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENDINGS = (
    "token", "password", "passwords", "passwd", "passphrase", "pwd", "secret", "apikey", "apikeys",
    "credential", "credentials", "auth", "authorization", "bearer",
)  # fmt: skip
_KEYS = frozenset(("api", "access", "secret", "private", "encryption", "signing", "master", "license"))
"""`…_API_KEY`, `…_ACCESS_KEY` and so on; a plain `key` is often the name of one."""
_ANYWHERE = frozenset(("token", "password", "passwd", "passphrase", "pwd", "secret", "credential", "credentials"))
"""Words that make a secret of a name that goes on after them: `HF_TOKEN_PROD`, `passwordOld`."""
_PLACES = frozenset((
    "name", "names", "ref", "refs", "path", "file", "dir", "class", "store", "count", "length", "len", "limit", "size",
    "type", "mode", "url", "uri", "policy", "seconds", "backend", "parser", "mount", "id", "enabled",
))  # fmt: skip
"""Last words of names that say where a secret is, or how many tokens there are: `PASSWORD_FILE`, `tokenRef`."""
_REFERENCES = frozenset(("secretKey", "secretName", "existingSecret"))
_TEXT_TOKENS = frozenset(("bos", "eos", "pad", "unk", "sep", "cls", "mask", "image", "stop", "special", "per", "audio"))
"""Tokens of a tokenizer: `eos_token` in a chat template is no secret."""

_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{10,}"
    r"|\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|nvapi-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abps]-[\w-]{10,}|AKIA[A-Z0-9]{16}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?i:(?<=\bbearer )[A-Za-z0-9._~+/=-]{8,})",
    re.DOTALL,
)
_SUSPECT = re.compile(r"(?i)token|pass|pwd|secret|key|credential|auth|bearer")
_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
_LINE = re.compile(r"[^\n]+")
_WORDS = re.compile(rf"(?!=)(?:{_QUOTED}|[^\s\"']+)")
_PAIRS = (
    (
        re.compile(r"\bname[\"']?:[ \t]*[\"']?(?P<name>[\w.-]+)[\"']?[ \t]*(?:,|\n)\s*[\"']?value[\"']?:[ \t]*"),
        _LINE,
    ),
    (re.compile(r"(?<![\w.-])(?P<name>[\w.-]+)[\"']?[ \t]*:(?=[ \t\"'])[ \t]*"), _LINE),
    (re.compile(r"(?<![\w-])(?P<name>--[A-Za-z][\w-]*)(?:=|[\"']?[ \t]*,?[ \t\n]+)(?!--)"), _WORDS),
    (re.compile(r"(?<![\w.-])(?P<name>[\w.-]+)[ \t]*:?=[ \t]*"), _WORDS),
)
"""A name with what stands between it and its value, and how far the value goes: of an entry of `env`, after a
colon, after a flag, after an equals sign."""
_REFERENCE = re.compile(r"\$\(\w+\)|\$\{\w+\}|\$[A-Z_][A-Z0-9_]*|\{\{[^{}\n]*\}\}")
_STRUCTURE = re.compile(
    r"(?:true|false|null|~|\(masked\)|\{\s*(?:secretName|secretKey)\b.*|[\[{]\s*[\]}]?|[|>][-+0-9]*|\*\S+)\s*(?:#.*)?"
)
"""What stands after a key's colon and is no secret: YAML's own words and signs, a reference to a Secret."""
_LINE_KEY = re.compile(r"^[\s\"'{\[,?-]*value[\"']?\s*:\s+\S")


def is_secret_name(name: str) -> bool:
    """Whether what goes under `name` is a secret: `hf_token`, `vllmApiKey`, `DB_PASSWORD`, `--api-key`."""
    if name in _REFERENCES or not _SUSPECT.search(name):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if not words:
        return False
    if words[-1] in _PLACES:
        return False
    *inner, last = zip(["", *words], words, strict=False)
    return _says_secret(*last, last=True) or any(_says_secret(*pair, last=False) for pair in inner)


def _says_secret(before: str, word: str, *, last: bool) -> bool:
    """Whether a word of a name, after another one, makes the name that of a secret."""
    if word in ("key", "keys"):
        return before in _KEYS
    if word == "token" and before in _TEXT_TOKENS:
        return False
    return word.endswith(_ENDINGS) if last else word in _ANYWHERE


def mask_forms(text: str) -> str:
    """`text` with everything masked that has the form of a credential."""
    return _FORMS.sub(MASK, text)


def mask_text(text: str) -> str:
    """`text` with credentials masked, and values that a name in it says are secret (`--api-key x`,
    `TOKEN=x`).

    A value after a colon is masked to the end of its line: more than needed, never less.
    """
    text = mask_forms(text) if len(text) > 8 else text
    if not _SUSPECT.search(text):
        return text
    for name, value in _PAIRS:
        text = _mask_values(text, name, value)
    return text


def is_reference(text: str) -> bool:
    """Whether a value is nothing but the name of a variable that holds it: `$(HF_TOKEN)`, `{{ .token }}`."""
    return bool(_REFERENCE.fullmatch(text.strip()))


def line_may_hold_secret(line: str) -> bool:
    """Whether a line of a values file may hold a secret: under a name that says so, by its form, or as the
    `value` of an environment variable, whose name stands on another line."""
    return mask_text(line) != line or bool(_LINE_KEY.match(line))


def _mask_values(text: str, pair: re.Pattern[str], value: re.Pattern[str]) -> str:
    """`text` with the values masked whose name names a secret; pairs inside the value of another are seen
    too."""
    shown, done = "", 0
    for found in pair.finditer(text):
        if found.start() < done or not is_secret_name(found["name"]):
            continue
        held = value.match(text, found.end())
        if held is None or _is_harmless(held[0], after_colon=":" in found[0]):
            continue
        shown += text[done : found.end()] + MASK
        done = held.end()
    return shown + text[done:]


def _is_harmless(value: str, *, after_colon: bool) -> bool:
    """Whether what stands where a secret would is a reference, nothing, or a sign of YAML's own."""
    bare = value.strip("\"' \t")
    return not bare or is_reference(bare) or (after_colon and bool(_STRUCTURE.fullmatch(value)))
