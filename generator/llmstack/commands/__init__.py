"""The commands: a file for each, which turns options into calls and results into output and an exit code."""
