CREATE OR REPLACE VIEW velib_db_tf.kpi_shortage AS
-- Stations in operation that rent and have no bike left.
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
    AND is_renting
    AND bikes = 0
