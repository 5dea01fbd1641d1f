"""Everything that is Dagster: assets, checks, jobs, schedules, sensors, and how its instance is set up.

Read `build.py` first: it assembles the definitions from the settings. There is one file per layer of the
lineage, each a thin asset over the functions of a step folder: `raw_snapshot.py`, `clean_stations.py` and
`source_velib.py` have the shape of `hourly.py`, then come `kpi_views.py` and `velib_report.py`. The station
register has `stations_asset.py`. `checks/` has the checks, which decide whether an hour is in order.
`sensors/` sends alerts and requests outdated hours, `maintenance/` keeps Dagster's own storage small.
`pooled_storage.py` is the only module that uses private names of Dagster. Local and AWS forms differ in the
resources alone.
"""
