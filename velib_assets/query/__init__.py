"""The KPI views and the engines that query the lake.

Start with `kpis.py`, the table of the views; each view has one file in `sql/`. `engine.py` is the interface.
Its local form is DuckDB (`duckdb_engine.py` and the other `duckdb_*.py`), its AWS form is Athena
(`athena_engine.py` and the other `athena_*.py`). All SQL is written once, in Athena's dialect (Trino). The
local engine translates it. `lake_tables.py` declares the tables beside `source_velib`, `hints.py` warns of
conditions that match nothing. Nothing here runs in Lambda or Glue.
"""
