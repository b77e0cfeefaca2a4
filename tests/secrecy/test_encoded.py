"""Secrets in base64, compressed or not, as a whole or in a script; and in files of programs that are no YAML."""

from __future__ import annotations

import base64
import gzip
import textwrap

import pytest

from llmstack.secrecy.credentials import argument_secrets, holds_secret
from llmstack.secrecy.encoded import LAYERS, LONGEST, decode
from llmstack.secrecy.files import find_lines
from llmstack.secrecy.forms import has_form
from llmstack.secrecy.masking import MASK, mask, mask_text

TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx12"
CONFIG = "db:\n  host: db.example.com\n  password: hunter2hunter\n"


def in_base64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        in_base64(TOKEN),
        in_base64(CONFIG),
        in_base64(gzip.compress(CONFIG.encode(), mtime=0)),
        in_base64(in_base64(TOKEN)),
        base64.urlsafe_b64encode(f"??>>{TOKEN}".encode()).decode(),
        "\n".join(textwrap.wrap(in_base64(CONFIG), 20)),
        f"echo {in_base64(TOKEN)} | base64 -d > /run/token",
        f"echo {in_base64(in_base64(TOKEN))} | base64 -d | base64 -d",
        f'{{"token_b64": "{in_base64(TOKEN)}"}}',
        "machine huggingface.co login u password hunter2hunter",
        "db:5432:app:u:hunter2hunter",
        "# comment\n*:*:*:u:hunter2hunter\n",
        "<server><password>hunter2hunter</password></server>",
    ],
)
def test_what_is_hidden_in_a_text_is_found_and_masked(text: str) -> None:
    assert holds_secret(text)
    shown = mask_text(text)
    assert MASK in shown
    assert "hunter2" not in shown
    assert not holds_secret(shown)


def test_the_shortest_text_that_is_decoded() -> None:
    assert decode(in_base64("password=hun")) == "password=hun"
    assert decode(in_base64("password=")) is None


def test_the_shortest_text_that_is_looked_into() -> None:
    text = in_base64("xoxb-" + "1" * 13)
    assert len(text) == 24
    assert has_form(text)


@pytest.mark.parametrize(
    "text",
    [
        in_base64("db:\n  host: db.example.com\n  password: ${PASSWORD}\n"),
        in_base64(bytes(range(200))),
        in_base64(gzip.compress(b"\xff\xfe" * 40, mtime=0)),
        in_base64("a plain text that says nothing of interest"),
        "sha256:" + "0123456789abcdef" * 4,
        "the machine and its login",
        "2001:db8:1:2:3",
        "<password></password>",
        "<token>{{ .Values.token }}</token>",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert mask_text(text) == text


def test_what_is_compressed_is_read_within_a_bound() -> None:
    bomb = in_base64(gzip.compress(b"a" * (LONGEST * 8)))
    inner = decode(bomb)
    assert inner is not None
    assert len(inner) == LONGEST


def test_base64_is_looked_into_so_deep_and_no_deeper() -> None:
    text = TOKEN
    for _ in range(LAYERS):
        text = in_base64(text)
    assert holds_secret(text)
    assert not holds_secret(in_base64(text))


def test_a_login_in_a_list_of_words() -> None:
    words = ["curl", "-u", "admin:hunter2hunter", "http://a"]
    assert list(argument_secrets(words)) == [(2, "-u")]
    assert mask(words) == ["curl", "-u", MASK, "http://a"]
    assert list(argument_secrets(["docker", "run", "-u", "1000:1000", "-u", "$USER:$PASSWORD"])) == []


def test_lines_of_a_file_with_secrets_in_values_and_comments() -> None:
    text = (
        f"a: b\n# {TOKEN}\npassword: hunter2  # of the demo\nb: c  # the password: see the vault\n# token: ask for it\n"
    )
    assert list(find_lines(text)) == [1, 2]
    inside = base64.b64encode(b"password=hunter2hunter2").decode()
    assert list(find_lines(f"a: b\nbinaryData:\n  f: {inside}\n  g: '{inside}'\n")) == [2, 3]
    encrypted = "kind: Secret\nstringData:\n  a: ENC[AES256_GCM,data:x]\n"
    assert list(find_lines(encrypted)) == []


def test_padding_alone_is_taken_from_an_end() -> None:
    for text in ("password: hunter2hunter", "password: hunter2hunter2", "password: hunter2hunte1"):
        word = base64.b64encode(text.encode()).decode()
        assert decode(word) == decode(word.rstrip("=")) == text
    ends = next(
        text
        for number in range(10)
        if (text := base64.b64encode(f"token: {number:08d}".encode()).decode()).endswith("x")
    )
    assert decode(ends) == base64.b64decode(ends).decode()


def test_a_short_word_encodes_nothing() -> None:
    assert decode(base64.b64encode(b"password").decode()) is None
    assert decode("YWJj" * (LONGEST // 4 + 1)) is None
