-- One row per hour of the local day, up to the newest snapshot: the mean fill rate over all stations in operation and
-- all snapshots of the hour. When clocks go back, the repeated hour holds both.
WITH local AS (
    SELECT *, CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp) AS local_ts
    FROM source_velib
    WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts, max_by(CAST(local_ts AS date), ingested_ts) AS newest_day FROM local
)
SELECT hour(local_ts) AS "hour", avg(fill_rate) AS mean_fill_rate
FROM local CROSS JOIN newest
WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
    AND CAST(local_ts AS date) = newest_day
    AND ${in_operation}
GROUP BY hour(local_ts)
ORDER BY hour(local_ts)
