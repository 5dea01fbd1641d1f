CREATE OR REPLACE VIEW velib_db_tf.kpi_typical_week AS
-- How full stations in operation are at each hour of the week in Paris, over the 28 UTC days before the newest
-- snapshot's. The wall clock is right on both days on which it is changed.
WITH local AS (
    SELECT
        CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp) AS paris_ts,
        ingested_ts,
        fill_rate
    FROM velib_db_tf.source_velib
    WHERE ${four_weeks}
        AND is_installed
        AND NOT is_stale
        AND fill_rate IS NOT NULL
)
SELECT
    day_of_week(paris_ts) AS "day",
    hour(paris_ts) AS "hour",
    avg(fill_rate) AS mean_fill_rate,
    count(DISTINCT ingested_ts) AS snapshots
FROM local
GROUP BY day_of_week(paris_ts), hour(paris_ts)
