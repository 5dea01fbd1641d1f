"""A simulated bike-share network that works as a feed, for demos and tests without any network.

Read `simulator` first: it writes a snapshot as the portal would export it. `city` puts the stations on
the map in places.toml, `conditions` says how full they are and what is out of order at a time, and `faults`
breaks responses as real feeds do. `gbfs_files` writes a snapshot as the files of a GBFS feed of any version,
`gbfs_faults` breaks them, and `gbfs_server` serves them over HTTP. The same seed and time give the same
bytes on every machine.
"""
