"""The five KPI views, one .sql file each, in Athena's dialect (Trino)."""
