"""SOPS, by its own program: a Secret is encrypted on its way from stdin to stdout, so that no value is ever in a file,
an argument or the environment.

Encrypting needs the recipients alone; decrypting and changing need an age key, which sops finds by itself
(SOPS_AGE_KEY_FILE, SOPS_AGE_KEY, or sops/age/keys.txt in the user's configuration folder).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmstack import programs
from llmstack.tree.secrets import ENCRYPTED

if TYPE_CHECKING:
    from pathlib import Path

SOPS = programs.Tool(
    "sops",
    (3, 11, 0),
    "go install github.com/getsops/sops/v3/cmd/sops@v3.13.3",
    "--disable-version-check --version",
)
"""3.11 is the first whose `set` reads a value from stdin."""

_YAML = ("--input-type", "yaml", "--output-type", "yaml")
_NO_CONFIG = ("--config", "/dev/null")
"""Whatever .sops.yaml says: recipients are stated, and sops fails where that file has no rule for a path."""


def encrypt(program: Path, manifest: Mapping[str, Any], recipients: Sequence[str]) -> str:
    """The manifest of a Secret as YAML, its values encrypted for the age recipients. Raises ToolError.

    It goes in as JSON, in which no parser of YAML can take a value for something else.
    """
    options = ["--age", ",".join(recipients), "--encrypted-regex", ENCRYPTED, "--filename-override", "secret.yaml"]
    command = [str(program), *_NO_CONFIG, "encrypt", *options, "--input-type", "json", "--output-type", "yaml"]
    return programs.run(command, "sops encrypt", given=json.dumps(manifest)).stdout


def decrypt_value(program: Path, manifest: str, field: str, key: str) -> str | None:
    """One value of an encrypted manifest; None when there is no key to decrypt it with."""
    options = ["--extract", _index(field, key), "--filename-override", "secret.yaml"]
    try:
        return programs.run([str(program), "decrypt", *options, *_YAML], "sops decrypt", given=manifest).stdout
    except programs.ToolError:
        return None


def set_value(program: Path, manifest: str, field: str, key: str, value: str) -> str:
    """The manifest with one value set, the others as they were. Raises ToolError, also without a key to decrypt it.

    sops changes a file in place: a copy, which holds nothing but ciphertext.
    """
    command = [str(program), *_NO_CONFIG, "set", "--value-stdin", programs.COPY, _index(field, key)]
    return programs.run_on_copy(command, "sops set", manifest, given=json.dumps(value))


def _index(field: str, key: str) -> str:
    return f"[{json.dumps(field)}][{json.dumps(key)}]"
