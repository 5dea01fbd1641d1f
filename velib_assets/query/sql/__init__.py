"""The views, one .sql file each, in Athena's dialect (Trino), and the conditions that they share."""
