"""The KPI views and the engines that run Athena's SQL: DuckDB locally, Athena on AWS."""
