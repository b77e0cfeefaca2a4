"""Expected outputs: files that a test compares whole, and that `pytest --update` rewrites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("llmstack", deadline=None)  # a busy machine is no failure
settings.load_profile("llmstack")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected outputs of tests")


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with the expected file; one that is missing or empty fails. With --update, write it."""
    update = bool(request.config.getoption("--update"))

    def compare(path: Path, text: str) -> None:
        assert text, f"there is nothing to compare with {path.name}"
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        assert expected, f"{path} is missing or empty: `make update`, and read what it wrote"
        assert text == expected

    return compare
