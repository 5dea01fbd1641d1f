"""The feeds that snapshots come from.

`feed` is the interface. A live feed is one file of plain data (`opendata`, `gbfs`: its URLs, its fields and
the columns that they fill; `definition` has the types) and one line in `feed_table`. `live_feed` fetches any
of them. `archive` reads recorded snapshots from a folder, `s3_archive_client` from a bucket.
"""
