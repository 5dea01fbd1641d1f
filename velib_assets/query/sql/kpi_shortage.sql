CREATE OR REPLACE VIEW velib_db_tf.kpi_shortage AS
-- Stations that are short: in operation, renting, and without a bike.
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
WHERE ${short}
