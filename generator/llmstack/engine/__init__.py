"""What vLLM makes of its arguments on a GPU: facts of models, cards, defaults of releases, memory, start, upgrade.

Pure: facts come in as text or values, answers go out. "Unknown" is an answer, and says why.
"""
