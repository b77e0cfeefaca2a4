"""The engines of an environment: which model, card, release and flags each has, and what becomes of its start."""
