"""The catalog: which hours of the table are registered, and with which clean file.

Start with `catalog`, the interface. `sqlite_catalog` is the local form. The AWS form, `glue_table`, fills
the Glue Data Catalog through its API, with the tables of `declared_tables`; `crawler_client` fills it by the
crawler instead. `registration` reads a partition from its clean file. `removal` removes an hour that has no
usable raw any more, `restoration` helps a lake whose catalog is lost. `clean_hashes` finds damaged clean
files by their hashes, `verification` verifies all layers. Glue runs this package on Python 3.9, except the
modules that end in `_client`.
"""
