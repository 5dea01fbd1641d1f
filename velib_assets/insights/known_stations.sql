-- One row per station in the newest 26 hours, as it was last seen.
WITH recent AS (
    SELECT * FROM source_velib WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM recent
),
numbered AS (
    SELECT
        recent.*,
        newest_ts,
        row_number() OVER (PARTITION BY station_id ORDER BY ingested_ts DESC) AS place
    FROM recent
    CROSS JOIN newest
)
SELECT
    station_id,
    name,
    commune,
    arrondissement,
    lat,
    lon,
    capacity,
    ingested_ts,
    newest_ts,
    ${station_state} AS state,
    bikes,
    mechanical,
    ebikes,
    docks,
    fill_rate,
    is_renting,
    is_returning,
    reported_ts
FROM numbered
WHERE place = 1
ORDER BY station_id
