"""Publishes a month of the lake as an open data set: a folder that needs neither this program nor the lake.

Start with `dataset.py`, which assembles the files. `month_data.py` reads the lake, `provenance.py` holds what
is different for another network, one file each writes a description of the data set, and the two
`*_target.py` store the result. Nothing here reads the clock, so that the same lake gives the same bytes.
"""
