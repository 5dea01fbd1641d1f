-- One row per snapshot of the 25 hours up to the newest one, with the numbers of the whole network.
-- Bikes and docks are those of installed stations that are not stale: unknown is not empty.
WITH recent AS (
    SELECT * FROM source_velib WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM recent
),
known AS (
    SELECT *, is_installed AND NOT is_stale AS is_known
    FROM recent CROSS JOIN newest
    WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
)
SELECT
    ingested_ts,
    count(*) AS stations,
    sum(bikes) FILTER (WHERE is_known) AS bikes,
    sum(mechanical) FILTER (WHERE is_known) AS mechanical,
    sum(ebikes) FILTER (WHERE is_known) AS ebikes,
    sum(docks) FILTER (WHERE is_known) AS docks,
    count(*) FILTER (WHERE ${in_operation}) AS in_operation,
    count(*) FILTER (WHERE ${short}) AS short,
    count(*) FILTER (WHERE ${saturated}) AS saturated,
    count(*) FILTER (WHERE is_installed AND is_stale) AS stale,
    avg(fill_rate) FILTER (WHERE ${in_operation}) AS mean_fill_rate
FROM known
GROUP BY ingested_ts
ORDER BY ingested_ts
