"""Files that are not read whole: where something in them may be a Secret, all values are masked."""

from __future__ import annotations

import pytest

from llmstack.secrecy.files import MAX_ALIASED, MAX_DEPTH, mask_file

SECRET = "---\nkind: Secret\ncolour: blue\n"
READ, UNREAD = "colour: blue", "colour: (masked)"


def aliases(number: int) -> str:
    """A list of so many words, and as many more as may be read by way of aliases, and over."""
    times = -(-MAX_ALIASED // (number + 1)) + 1
    return f"a: &a [{', '.join(['x'] * number)}]\nb:\n" + "- *a\n" * times


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a: &a [x]\nb: [*a, *a]\n", READ),
        (aliases(1000), UNREAD),
        (f"a: {'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}\n", READ),
        (f"a: {'[' * MAX_DEPTH}{']' * MAX_DEPTH}\n", UNREAD),
        ("a: [\n", UNREAD),
    ],
)
def test_a_file_that_would_take_too_long_is_not_read(text: str, shown: str) -> None:
    masked = mask_file(text + SECRET)
    assert masked.splitlines()[-1] == shown
    assert masked.count("\n") == (text + SECRET).count("\n")


def test_nothing_is_no_secret_and_a_text_that_says_so_is() -> None:
    nothing = "kind: Secret\nstringData: {a: ~, b: null, c: }\n"
    assert mask_file(nothing) == nothing
    assert mask_file("kind: Secret\nstringData: {a: '~'}\n") == "kind: Secret\nstringData: {a: (masked)}\n"
