"""The insights report: one HTML page about the network, with the numbers behind it as CSV and Parquet.

Read `report_data.py` first: `load_report_data` reads views, ledger and quarantine into a `ReportData`,
through the query engine, so it works the same on a local lake and on AWS. `model.py` turns that into the
page's JSON object, `exports.py` into tables. `writer.py` stores both in the lake, and `page/html.py` builds
the page. The queries that are not views are the `.sql` files. `areas.py` has the areas of the map, which
`area_shapes.py` draws, `days.py` reads the stored days for `day_numbers.py`, and `inspection.py` has the
commands that the page names.
"""
