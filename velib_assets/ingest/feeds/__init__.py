"""The feeds that snapshots come from.

`feed` is the interface. A live feed is one file of plain data (`opendata`, `gbfs`: its URLs, its fields and
the columns that they fill; `definition` has the types) and one line in `feed_table`. `live_feed` fetches any
of them. `gbfs_feed` fetches the GBFS feed of any other network, and `gbfs_mapping` says how it fills the
columns: `gbfs_definition` makes a definition of it, `gbfs_values` reads records by it.

`archive` reads recorded snapshots from a folder, `s3_archive_client` from a bucket. `archive_names` and
`archive_listing` recognise the files, `archive_snapshots` and `archive_pages` read them. `archive_records`,
`archive_tables`, `archive_labels`, `archive_values` and `archive_columns` bring tables into the portal's
form.
"""
