"""The daily report's data: what is asked of the lake for it, and the one JSON object that the page shows.

Belongs here: questions in Athena's SQL and pure shaping of their answers. Does not: asking
(resources.report_data), the page (velib_assets.report), or the clock. Times are aware UTC; in the object
they are ISO 8601 with Z.
"""
