"""The start of the program, as `llmstack` and as `python -m llmstack`: Ctrl-C while it loads ends it without a word."""

from __future__ import annotations

import os


def main() -> None:
    """Load the command line and run it. It ends this process itself."""
    try:
        from llmstack.cli import main as run
    except KeyboardInterrupt:
        os._exit(130)  # what Exit.INTERRUPTED is, whose module may be what did not load
    run()


if __name__ == "__main__":
    main()
