CREATE OR REPLACE VIEW velib_db_tf.kpi_saturation_par_arrondissement AS
-- One row per arrondissement per snapshot, over the stations in operation. Stations without a commune form
-- their own group (null), so that the counts add up to those of the whole network.
SELECT
    ingested_ts,
    arrondissement,
    count(*) AS station_count,
    avg(fill_rate) AS avg_fill_rate,
    count(*) FILTER (WHERE ${short}) AS shortage_count,
    count(*) FILTER (WHERE ${saturated}) AS saturation_count,
    "date",
    "hour"
FROM velib_db_tf.source_velib
WHERE ${in_operation}
GROUP BY ingested_ts, arrondissement, "date", "hour"
