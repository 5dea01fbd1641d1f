CREATE OR REPLACE VIEW velib_db_tf.kpi_typical_week AS
-- The mean fill rate of the stations in operation per hour of the week, over the 28 UTC days before
-- the day of the newest snapshot. Changes to and from summer time are taken into account.
WITH local AS (
    SELECT
        CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp) AS local_ts,
        ingested_ts,
        fill_rate
    FROM velib_db_tf.source_velib
    WHERE ${four_weeks}
        AND ${in_operation}
)
SELECT
    day_of_week(local_ts) AS "day",
    hour(local_ts) AS "hour",
    avg(fill_rate) AS mean_fill_rate,
    count(DISTINCT ingested_ts) AS snapshots
FROM local
GROUP BY day_of_week(local_ts), hour(local_ts)
