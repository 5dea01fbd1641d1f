-- One row per station per local day, with what is doubtful in its data. Frozen is judged over the 24 hours up to
-- the end of the day, and moved against the day before.
WITH two_days AS (
    SELECT
        *,
        ingested_ts >= ${day_start} AS in_day,
        ingested_ts >= ${last_24_hours} AS in_window,
        coalesce(${in_operation} AND is_renting AND is_returning, false) AS is_open
    FROM velib_history
    WHERE ${history_days}
        AND ingested_ts >= ${before_start}
        AND ingested_ts < ${day_end}
),
steps AS (
    SELECT
        two_days.*,
        in_window AND lag(in_window) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS follows,
        lag(ingested_ts) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_ts,
        lag(bikes) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_bikes,
        lag(docks) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_docks,
        lag(mechanical) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_mechanical,
        lag(ebikes) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_ebikes
    FROM two_days
),
stations_of_day AS (
    SELECT
        station_id,
        max_by(name, ingested_ts) FILTER (WHERE name IS NOT NULL) AS name,
        max_by(arrondissement, ingested_ts) FILTER (WHERE arrondissement IS NOT NULL) AS arrondissement,
        count(*) FILTER (WHERE in_day) AS snapshots,
        bool_and(is_open OR NOT in_window) AS always_open,
        count(*) FILTER (WHERE follows AND (
            bikes IS DISTINCT FROM before_bikes
            OR docks IS DISTINCT FROM before_docks
            OR mechanical IS DISTINCT FROM before_mechanical
            OR ebikes IS DISTINCT FROM before_ebikes
        )) AS changes,
        coalesce(bool_or(date_diff('minute', before_ts, ingested_ts) >= 180) FILTER (WHERE follows), false)
            OR date_diff('minute', ${last_24_hours}, min(ingested_ts) FILTER (WHERE in_window)) >= 180
            OR date_diff('minute', max(ingested_ts), ${day_end}) >= 180 AS has_gap,
        count(*) FILTER (WHERE in_day AND bikes + docks > capacity) AS over_capacity_snapshots,
        max(bikes + docks - capacity) FILTER (WHERE in_day AND bikes + docks > capacity) AS max_over_capacity,
        count(*) FILTER (WHERE in_day AND mechanical + ebikes <> bikes) AS types_differ_snapshots,
        count(reported_ts) FILTER (WHERE in_day) = 0 AS never_reported,
        max_by(lat, ingested_ts) FILTER (WHERE lat IS NOT NULL AND lon IS NOT NULL AND in_day) AS lat,
        max_by(lon, ingested_ts) FILTER (WHERE lat IS NOT NULL AND lon IS NOT NULL AND in_day) AS lon,
        max_by(lat, ingested_ts) FILTER (WHERE lat IS NOT NULL AND lon IS NOT NULL AND NOT in_day) AS before_lat,
        max_by(lon, ingested_ts) FILTER (WHERE lat IS NOT NULL AND lon IS NOT NULL AND NOT in_day) AS before_lon
    FROM steps
    GROUP BY station_id
    HAVING count(*) FILTER (WHERE in_day) > 0
),
unchanged AS (
    SELECT station_id, lat, lon
    FROM stations_of_day
    WHERE always_open AND changes = 0
),
pairs AS (
    -- The great-circle distance in metres (haversine formula). A degree of latitude is 111 km.
    SELECT
        unchanged.station_id,
        other.station_id AS other_id,
        other.changes,
        12742000 * asin(sqrt(least(1e0,
            power(sin(radians(other.lat - unchanged.lat) / 2), 2)
            + cos(radians(unchanged.lat)) * cos(radians(other.lat))
                * power(sin(radians(other.lon - unchanged.lon) / 2), 2)
        ))) AS metres
    FROM unchanged
    INNER JOIN stations_of_day AS other
        ON other.station_id <> unchanged.station_id
        AND other.lat BETWEEN unchanged.lat - 0.01 AND unchanged.lat + 0.01
),
near AS (
    SELECT
        station_id,
        changes,
        row_number() OVER (PARTITION BY station_id ORDER BY metres, other_id) AS nearness
    FROM pairs
    WHERE metres <= 1000
),
around AS (
    SELECT station_id, count(*) AS neighbours, count(*) FILTER (WHERE changes >= 10) AS neighbours_moved
    FROM near
    WHERE nearness <= 5
    GROUP BY station_id
),
judged AS (
    SELECT
        stations_of_day.*,
        CASE WHEN always_open AND changes = 0 THEN coalesce(neighbours, 0) END AS neighbours,
        CASE WHEN always_open AND changes = 0 THEN coalesce(neighbours_moved, 0) END AS neighbours_moved,
        12742000 * asin(sqrt(least(1e0,
            power(sin(radians(lat - before_lat) / 2), 2)
            + cos(radians(before_lat)) * cos(radians(lat)) * power(sin(radians(lon - before_lon) / 2), 2)
        ))) AS moved_metres
    FROM stations_of_day
    LEFT JOIN around ON around.station_id = stations_of_day.station_id
)
SELECT
    station_id,
    name,
    arrondissement,
    snapshots,
    CASE
        WHEN neighbours IS NULL THEN false
        WHEN neighbours < 3 OR has_gap THEN NULL
        ELSE neighbours_moved >= 3
    END AS is_frozen,
    changes,
    neighbours,
    neighbours_moved,
    over_capacity_snapshots,
    max_over_capacity,
    types_differ_snapshots,
    never_reported,
    moved_metres > 30 AS is_moved,
    moved_metres
FROM judged
ORDER BY station_id
