"""What is read of a shell script is what a shell does: `sh` itself says which words a program gets."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from llmstack.kubernetes.shell import read_script

EXACT = (
    "p a b",
    "p 'a b' \"c d\" e\\ f",
    "p 'a'\"b\"c",
    "A=1; p $A \"$A\" '$A' ${A}x",
    "A='x y'; p $A",
    "A='x y'; p \"$A\" z",
    "A=' x '; p a$A-b",
    "export A=1 && p $A",
    "p a \\\n  b",
    "p a # b",
    "p a#b",
    "p '{\"a\": [1, 2]}'",
    'p "\\$A \\\\ \\x"',
    "p a 2>&1",
    "p a >/dev/null 2>/dev/null",
    "p a > '/dev/null' b",
    "true; p a",
    "true && p a || p b",
    "if true; then p a; fi",
    "p ''",
    'p ""x',
    "p a;p b",
    "set -e\np a\n",
    "{ p a; }",
    "( p a )",
    "exec p a",
    "p $HOME_OF_NOBODY_x$",
    "p a$ b",
)


def _run(script: str) -> list[list[str]]:
    """What `p` is given each time, by a shell."""
    quoted = 'p() { printf \'%s\\n\' "$#" "$@" >&3; }\n' + script.replace("exec p", "p")
    done = subprocess.run(
        ["sh", "-c", f"exec 3>&1 >/dev/null\n{quoted}"],
        capture_output=True, text=True, check=True, env={"HOME_OF_NOBODY_x": "h", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    lines, found = done.stdout.split("\n")[:-1], []
    while lines:
        count = int(lines[0])
        found.append(lines[1 : count + 1])
        lines = lines[count + 1 :]
    return found


@pytest.mark.parametrize("script", EXACT, ids=range(len(EXACT)))
def test_words_are_those_that_a_shell_gives(script: str) -> None:
    commands = read_script(script, {"HOME_OF_NOBODY_x": "h"})
    assert commands is not None
    read = [[word.text for word in command[1:]] for command in commands if command[0].text == "p"]
    assert all(word.known for command in commands for word in command)
    ran = _run(script)
    assert ran
    assert [each for each in read if each in ran] == ran


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("$X", "$(X)"), ("${X}", "$(X)"), ("${X:-d}", "$(X)"), ("$(nproc)", "$(PRINTED)"), ("`nproc`", "$(PRINTED)"), ("$1", "$(PRINTED)"),
        ("$((1+1))", "$(PRINTED)"), ("a-$X-b", "a-$(X)-b"),
    ],
)  # fmt: skip
def test_what_is_not_known_says_so(word: str, text: str) -> None:
    (command,) = read_script(f"p {word}", {}) or [()]
    assert (command[1].text, command[1].known, command[1].splits) == (text, False, True)
    (command,) = read_script(f'p "{word}"', {"X": None}) or [()]
    assert (command[1].text, command[1].known, command[1].splits) == (text, False, False)


def test_what_is_assigned_in_a_branch_is_not_known() -> None:
    (command,) = [each for each in read_script("if true; then A=1; fi; p $A", {}) or [] if each[0].text == "p"]
    assert not command[1].known


@pytest.mark.parametrize("script", ["p 'a", 'p "a', "p ${a", "p $(a", "p `a", "p <<EOF\na\nEOF", "p " + "a" * 100_001])
def test_a_script_that_is_cut_off_is_not_read(script: str) -> None:
    assert read_script(script, {}) is None


def test_quoting_by_shlex_is_read_back() -> None:
    words = ["a b", "c'd", 'e"f', "$x", "`y`", "\\", "#", "", "*", "é"]
    (command,) = read_script(f"p {shlex.join(words)}", {}) or [()]
    assert [word.text for word in command[1:]] == words
