"""On values written in every way YAML has, a migration changes what it says and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmstack.migrate import Migration, migrate
from llmstack.report.migration import show_migration
from llmstack.values.nodes import Source
from llmstack.values.source import read_source
from tests.migrate.oracle import outcome
from tests.migrate.values import random_values
from tests.migrate.writer import Writer

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
DAMAGE = (
    "",
    "#",
    "- ",
    "? ",
    ": ",
    "&a ",
    "*a0 ",
    "{",
    "]",
    ",",
    "'",
    '"',
    "|\n",
    "\t",
    "---\n",
    "\r",
    "<<: *a0\n",
    "~",
    "é ",
)
SEEDS = st.integers(0, 2**32)


def written(seed: int, *, anchors: bool) -> tuple[Source, dict[str, Any]]:
    """A random file and the data in it; the writer itself is held to what the reader makes of it."""
    rng = Random(seed)
    data = random_values(rng)
    source = read_source("values/prod.yaml", Writer(rng, anchors=anchors).write(data).encode())
    assert source.findings == ()
    assert source.data == data
    return source, data


def comments(text: str) -> Counter[str]:
    """The comments by their numbers; no scalar of the random values looks like one."""
    return Counter(re.findall(r"# \d+", text))


def both(source: Source) -> tuple[str, str]:
    return source.text, migrate(source).after.text


def check_laws(migration: Migration, data: dict[str, Any]) -> None:
    after = migration.after
    assert after.root is not None
    assert after.findings == ()
    assert outcome(after.data) == outcome(data)
    assert comments(after.text) == comments(migration.before.text)
    again = migrate(after)
    assert again.after.text == after.text
    assert again.secrets == ()
    shown = show_migration(migration, "prod")
    assert "SECRET" not in shown


@QUICK
@given(SEEDS)
def test_whatever_the_style_all_of_it_is_migrated(seed: int) -> None:
    source, data = written(seed, anchors=False)
    migration = migrate(source)
    check_laws(migration, data)
    assert migration.findings == ()
    assert "SECRET" not in migration.after.text


@QUICK
@given(SEEDS)
def test_anchors_and_aliases_are_migrated_or_left_alone(seed: int) -> None:
    source, data = written(seed, anchors=True)
    check_laws(migrate(source), data)


@QUICK
@given(SEEDS)
def test_lines_that_nothing_is_asked_of_stay_byte_for_byte(seed: int) -> None:
    """Every line of the file that is not in it after is one with a key, item or value that is migrated."""
    source, _ = written(seed, anchors=False)
    old, new = (Counter(line.strip().removeprefix("- ") for line in text.split("\n")) for text in both(source))
    kept = ("containerPort", "serde", "size", "runtimeClassName", "requestGPU", "maxModelLen", "HF_HOME")
    for line in (old - new).elements():
        assert not line.startswith(kept) or "{" in line or "[" in line, line


@QUICK
@given(SEEDS)
def test_a_damaged_file_is_migrated_as_far_as_it_reads(seed: int) -> None:
    rng = Random(seed)
    text = Writer(rng, anchors=True).write(random_values(rng))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(DAMAGE) + text[at + rng.randint(0, 5) :]
    migration = migrate(read_source("values/prod.yaml", text.encode()))
    again = migrate(migration.after)
    assert again.after.text == migration.after.text
    assert not migration.after.findings or migration.before.findings
    assert show_migration(migration, "prod")
