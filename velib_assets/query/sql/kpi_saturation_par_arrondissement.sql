CREATE OR REPLACE VIEW velib_db_tf.kpi_saturation_par_arrondissement AS
-- Each arrondissement at every snapshot, over its stations in operation. Stations of which the feed
-- gave no commune are a group of their own (null), so that the counts add up to the whole city's.
SELECT
    ingested_ts,
    arrondissement,
    count(*) AS station_count,
    avg(fill_rate) AS avg_fill_rate,
    count(*) FILTER (WHERE is_renting AND bikes = 0) AS shortage_count,
    count(*) FILTER (WHERE is_returning AND (docks = 0 OR fill_rate >= 0.9)) AS saturation_count,
    "date",
    "hour"
FROM velib_db_tf.source_velib
WHERE is_installed
    AND NOT is_stale
    AND fill_rate IS NOT NULL
GROUP BY ingested_ts, arrondissement, "date", "hour"
