-- One row per station in the newest snapshot, with its state and its last 24 hours: past_bikes and past_docks hold
-- one value per snapshot, oldest first. A value is null if the count is unknown or the snapshot lacks the station.
WITH recent AS (
    SELECT * FROM source_velib WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM recent
),
present AS (
    SELECT recent.* FROM recent CROSS JOIN newest WHERE ingested_ts = newest_ts
),
snapshots AS (
    SELECT DISTINCT ingested_ts AS snapshot_ts
    FROM recent CROSS JOIN newest
    WHERE ingested_ts > newest_ts - INTERVAL '24' HOUR
),
history AS (
    SELECT
        present.station_id,
        array_agg(past.bikes ORDER BY snapshot_ts) AS past_bikes,
        array_agg(past.docks ORDER BY snapshot_ts) AS past_docks
    FROM present
    CROSS JOIN snapshots
    LEFT JOIN recent AS past ON past.station_id = present.station_id AND past.ingested_ts = snapshot_ts
    GROUP BY present.station_id
)
SELECT
    present.*,
    ${station_state} AS state,
    past_bikes,
    past_docks
FROM present
JOIN history ON history.station_id = present.station_id
ORDER BY present.station_id
