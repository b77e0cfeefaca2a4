"""The start of the program, as `llmstack` and as `python -m llmstack`: Ctrl-C while it loads ends it without a word."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Load the command line and run it. It ends this process itself."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from llmstack.cli import main as run

    signal.signal(signal.SIGINT, before)
    run()


def _end(_signal: int, _frame: FrameType | None) -> None:
    """End the process. An exception is lost where Python loads a module and calls back, and the program goes on."""
    os._exit(130)  # what Exit.INTERRUPTED is, whose module may be what did not load


if __name__ == "__main__":
    main()
