"""The station register: what each station was called, where it was and how large, and since when.

Start with `register`, which learns from cleaned hours in any order (`sights`, `changes`) and is stored as
one Parquet file (`register_file`). `describe` completes the rows of snapshots without descriptions from it,
and from the station code (`communes`). Glue runs this package on Python 3.9.
"""
