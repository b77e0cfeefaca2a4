"""Mutation testing: small wrong changes to the code of a room, and whether a test notices each.

Why it is our own, and not mutmut or cosmic-ray (as of 3.8.1 and 8.7.0, both read before this was written):

- mutmut puts all mutants of a function beside it and chooses by the function's module, whose name it takes from the
  path, less `src.`: code below `generator/` has other names when it runs. It changes no constant of a module, and
  takes no sample.
- cosmic-ray changes the tree that it is started in, has one test command for all of a session, takes no sample, and
  neither removes statements nor empties what a function returns.

What the field does have a well-kept library for, which lines a test runs, is coverage's.

`changes.py` lists the mutants of a module, `reach.py` which tests run which lines, `trial.py` runs one mutant in one of
the `copies.py` of the tree, `session.py` collects tests once and runs some in forks, `record.py` keeps the outcomes,
`__main__.py` is the program.
"""
