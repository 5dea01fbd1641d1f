-- One row per hour of the local day, apart for weekends: the means over the station's snapshots in operation.
WITH local AS (
    SELECT *, CAST(ingested_ts AT TIME ZONE ${time_zone} AS timestamp) AS local_ts
    FROM velib_history
    WHERE ${span}
        AND station_id = ${station_id}
        AND ${in_operation}
)
SELECT
    day_of_week(local_ts) >= 6 AS is_weekend,
    hour(local_ts) AS "hour",
    avg(bikes) AS mean_bikes,
    avg(docks) AS mean_docks,
    avg(fill_rate) AS mean_fill_rate,
    avg(CASE WHEN ${short} THEN 1e0 ELSE 0e0 END) AS short_share,
    avg(CASE WHEN ${saturated} THEN 1e0 ELSE 0e0 END) AS saturated_share,
    count(*) AS snapshots
FROM local
GROUP BY day_of_week(local_ts) >= 6, hour(local_ts)
ORDER BY is_weekend, "hour"
