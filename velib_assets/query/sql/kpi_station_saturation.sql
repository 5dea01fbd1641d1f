CREATE OR REPLACE VIEW velib_db_tf.kpi_station_saturation AS
-- Stations that are saturated: in operation, accepting returns, and full or nearly full.
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
WHERE ${saturated}
