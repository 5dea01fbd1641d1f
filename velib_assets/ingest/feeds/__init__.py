"""The feeds that snapshots come from.

`feed` is the interface. A live feed is one file of plain data (`opendata`, `gbfs`: its URLs, its fields and
the columns that they fill; `definition` has the types) and one line in `feed_table`. `live_feed` fetches any
of them. A GBFS feed with a discovery document is fetched by `gbfs_feed`, and its fields are those of
`gbfs_mapping`.

`archive` reads recorded snapshots from a folder, `s3_archive_client` from a bucket. `archive_names` and
`archive_listing` recognise the files, `archive_snapshots` and `archive_pages` read them. `archive_records`,
`archive_tables`, `archive_labels`, `archive_values` and `archive_columns` bring tables into the portal's
form.
"""
