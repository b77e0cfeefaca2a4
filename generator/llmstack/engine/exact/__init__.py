"""What vLLM refuses for certain before it loads anything: one module for each thing that a start can fail on.

Each check follows the code that raises, named at the function, as it stands in 0.9 to 0.33.
"""
