CREATE OR REPLACE VIEW velib_db_tf.kpi_station_saturation AS
-- Stations in operation that take bikes back and have no dock left, or are at least 90 % full.
SELECT
    ingested_ts,
    station_id,
    name,
    arrondissement,
    bikes,
    docks,
    fill_rate,
    "date",
    "hour"
FROM velib_db_tf.source_velib
WHERE is_installed
    AND NOT is_stale
    AND fill_rate IS NOT NULL
    AND is_returning
    AND (docks = 0 OR fill_rate >= 0.9)
