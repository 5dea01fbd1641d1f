-- One row per snapshot of the network in the last 24 hours. The station's values are null if it lacks the station.
WITH recent AS (
    SELECT * FROM source_velib WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM recent
),
snapshots AS (
    SELECT DISTINCT ingested_ts AS snapshot_ts
    FROM recent
    CROSS JOIN newest
    WHERE ingested_ts > newest_ts - INTERVAL '24' HOUR
),
past AS (
    SELECT ingested_ts, ${station_state} AS state, bikes, mechanical, ebikes, docks, fill_rate
    FROM recent
    WHERE station_id = ${station_id}
)
SELECT snapshot_ts, state, bikes, mechanical, ebikes, docks, fill_rate
FROM snapshots
LEFT JOIN past ON past.ingested_ts = snapshot_ts
ORDER BY snapshot_ts
