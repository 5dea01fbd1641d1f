CREATE OR REPLACE VIEW velib_db_tf.kpi_taux_remplissage AS
-- The fill rate of each installed station per snapshot. Stale stations are included and marked.
SELECT
    ingested_ts,
    station_id,
    name,
    arrondissement,
    bikes,
    docks,
    capacity,
    fill_rate,
    is_stale,
    "date",
    "hour"
FROM velib_db_tf.source_velib
WHERE is_installed
    AND fill_rate IS NOT NULL
