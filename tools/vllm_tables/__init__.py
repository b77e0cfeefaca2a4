"""What a vLLM release can run, read from its sources as syntax trees: one module for each kind of table."""
