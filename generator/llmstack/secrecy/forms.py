"""What has the form of a credential, wherever it stands: what vendors document, keys, headers, URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from llmstack.secrecy.encoded import LAYERS, decode_escapes, decode_parts
from llmstack.secrecy.logins import find_logins
from llmstack.secrecy.names import REMEMBERED
from llmstack.secrecy.vendors import FORMS, HINT

_LONG_FORMS = (
    # RFC 7468 and openssh/PROTOCOL.key: private keys in PEM; OpenVPN's and SSH2's (RFC 4716) likes; PuTTY's own format;
    # minisign(1)
    r"---- ?-?BEGIN (?:OpenVPN Static key|SSH2 ENCRYPTED PRIVATE KEY)"
    r"(?:(?!BEGIN ).){0,20000}?(?:---- ?-?END [\w ]{1,40}|\Z)"
    r"|RWRTY0Iy[A-Za-z0-9+/=]{60,400}"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----BEGIN ).){0,20000}?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"
    r"|PuTTY-User-Key-File-\d.{0,20000}"
)
_HEADERS = (
    # RFC 6750 and RFC 7617: what follows the scheme, told from prose by a digit or a sign in it
    r"(?i:(?<=\bbearer )|(?<=\bbasic ))(?=[A-Za-z._~+/=-]{0,200}[0-9=+/])[A-Za-z0-9._~+/=-]{8,8192}"
)
_FILES = (
    # ftp(1), "The .netrc file"; PostgreSQL, "The password file"
    r"(?<=machine )\s{0,20}[^\s]{1,200}\s{1,20}login\s{1,20}[^\s]{1,200}\s{1,20}password\s{1,20}(?!\$)[^\s]{1,200}"
    r"|(?<=default login )[^\s]{1,200}\s{1,20}password\s{1,20}(?!\$)[^\s]{1,200}"
    r"|(?:(?<=\n)|\A)[\w.*-]{1,200}:(?:543\d|\*):[\w*-]{1,100}:[\w*-]{1,100}:[^\s:]{1,200}"
)
_REPEATED = (
    # kustomize (api/kv) of `literals` without a name; go-yaml and libyaml of a value that begins with `*`
    r"(?<=literal sources \[)[^\n]{1,2000}(?=\])|(?<=invalid literal source )[^\n]{1,400}?(?=, expected|\n|\Z)"
    r"|(?<=unknown anchor ')[^'\n]{1,400}|(?<=!!str `)(?=[^`\n]{0,400}\d)[^`\n]{6,400}"
    r"|(?<=undefined alias ')[^'\n]{1,400}"
)
"""What programs repeat of their input, where that may be a secret without a name."""
_FORMS = re.compile(
    "|".join([_LONG_FORMS, _REPEATED, rf"(?<![A-Za-z0-9])(?:{'|'.join(FORMS.values())})", _HEADERS, _FILES]), re.DOTALL
)
_JWK = re.compile(r"\\?\"(?:d|k|p|q|dp|dq|qi)\\?\"\s{0,20}:\s{0,20}\\?\"([\w-]{6,8192})")
"""The private members of a key written as JSON (RFC 7518, 6)."""
_TOKEN = re.compile(r"[^\s\"'`<>]+")
_UNQUOTED = re.compile(
    r"(?<!['\w+.-])[A-Za-z][\w+.-]{0,30}://[^\s\"'`<>/@:]{0,200}:[^\s\"'`<>]{0,400}'[^\s\"`<>]{1,400}"
)
"""A URL outside of quotes with an apostrophe in its password, which needs no escape there (RFC 3986, 3.2.1)."""
_IN_QUOTES = re.compile(
    r"(?<=[\"'])[A-Za-z][\w+.-]{0,30}://[^/\s:@?#\"']{0,200}:[^\n\"']{1,400}@[\w.-]{1,253}(?::\d{1,5})?(?:[/?][^\s@\"']{0,400})?(?=[\"'])"
)
"""A URL in quotes, which may have blanks and angle brackets in its password."""
_WHOLE = re.compile(
    r"\s{0,20}[A-Za-z][\w+.-]{0,30}://[^/\s:@?#]{0,200}:[^\n]{1,400}@[\w.-]{1,253}(?::\d{1,5})?(?:[/?][^\s@]{0,400})?\s{0,20}\Z"
)
"""A text that is one URL and nothing else, whatever its password holds."""
_PORT = re.compile(r"\d{1,5}(?:[/?#,\s]|\Z)")
_USER = re.compile(r"[^/\s:@?#]*")
_REFERRED = re.compile(r"(?:\$\(\w+\)|\$\{[^{}]+\}|\$\w+|\{\{.*?\}\}|<[^<>]*>|\(masked\)|\*+|%\w+%)\Z")


def find_forms(text: str, layers: int = LAYERS) -> Iterator[tuple[int, int]]:
    """Yield where something stands in `text` that has the form of a credential: begin and end, in order. `layers` are
    those of encodings that are looked into."""
    if len(text) < 9:
        return
    if HINT.search(text):
        yield from (found.span() for found in _FORMS.finditer(text))
    if "kty" in text:
        yield from (found.span(1) for found in _JWK.finditer(text))
    yield from find_logins(text)
    if "@" in text and "//" in text:
        yield from _user_infos(text)
    if len(text) >= 24 and layers:
        yield from ((start, end) for start, end, inner in decode_parts(text) if _holds_form(inner, layers - 1))
    if layers:
        yield from decode_escapes(text, lambda inner: find_forms(inner, layers - 1))


@lru_cache(maxsize=REMEMBERED)
def has_form(text: str) -> bool:
    """Whether a text holds something of the form of a credential, a URL with a password included. Remembered: keys of
    maps are asked about as often as they come."""
    return next(find_forms(text), None) is not None


def _user_infos(text: str) -> Iterator[tuple[int, int]]:
    """Yield what stands before the last `@` of each URL in the text (RFC 3986, 3.2.1) where that is a credential.

    The last one, since passwords with an `@`, a `/` or a `#` in them are written unescaped too: all of it is hidden.
    """
    whole = _WHOLE.match(text)
    for token in chain(
        _TOKEN.finditer(text), _UNQUOTED.finditer(text), _IN_QUOTES.finditer(text), [whole] if whole else []
    ):
        last = token[0].rfind("@")
        start = token[0].find("//")
        while 0 <= start < last:
            at = start + 2
            if _is_credential(token[0], at, last):
                yield token.start() + at, token.start() + last
                break
            start = token[0].find("//", at)


def _is_credential(token: str, at: int, last: int) -> bool:
    """Whether `user:password@`, or a token alone, stands in a URL at `at`; a user's name alone is none."""
    user = _USER.match(token, at)
    assert user is not None
    if token[user.end() : user.end() + 1] == ":":
        if _PORT.match(token, user.end() + 1):
            return False
        return user.end() + 1 < last and not _REFERRED.match(token[user.end() + 1 : last])
    alone = token[at:last]
    if user.end() != last or _REFERRED.match(alone) or token[:at].endswith("ssh://"):
        return False
    return len(alone) >= 16 or (len(alone) >= 10 and any(character.isdigit() for character in alone))


def _holds_form(inner: str, layers: int) -> bool:
    """Whether what is encoded holds a credential, or an encoded one."""
    return next(find_forms(inner, layers), None) is not None
