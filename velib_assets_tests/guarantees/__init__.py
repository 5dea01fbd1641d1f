"""Proofs of the promises in docs/guarantees.md, and mutations of the code that break each promise.

`make guarantees` runs `__main__.py`. `promises.py` lists the promises, `mutations.py` the mutations, and
`tally.py` counts results. A test anywhere in the suite proves a promise by its mark:
`@pytest.mark.promise("raw")`.
"""
