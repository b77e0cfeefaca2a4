"""Values files: text, the data in it, and where each key stands."""
