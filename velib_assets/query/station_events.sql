CREATE OR REPLACE VIEW velib_db_tf.station_events AS
-- What happened to stations, from the register. A gap of under 24 hours neither closes nor opens a station, and
-- the stations of the register's first moment were not opened then.
WITH stretches AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY station_id ORDER BY valid_from) AS number,
        lead(valid_from) OVER (PARTITION BY station_id ORDER BY valid_from) AS next_from,
        lag(valid_to) OVER (PARTITION BY station_id ORDER BY valid_from) AS last_to,
        lag(name) OVER (PARTITION BY station_id ORDER BY valid_from) AS last_name,
        lag(capacity) OVER (PARTITION BY station_id ORDER BY valid_from) AS last_capacity,
        lag(lat) OVER (PARTITION BY station_id ORDER BY valid_from) AS last_lat,
        lag(lon) OVER (PARTITION BY station_id ORDER BY valid_from) AS last_lon
    FROM velib_db_tf.stations
),
moves AS (
    -- The great-circle distance in metres (haversine formula).
    SELECT
        *,
        12742000 * asin(sqrt(least(1e0,
            power(sin(radians(lat - last_lat) / 2), 2)
            + cos(radians(last_lat)) * cos(radians(lat)) * power(sin(radians(lon - last_lon) / 2), 2)
        ))) AS metres
    FROM stretches
)
SELECT valid_from AS event_ts, station_id, 'opened' AS event, name, arrondissement,
    CAST(NULL AS varchar) AS "before", CAST(NULL AS varchar) AS "after"
FROM stretches
WHERE (number = 1 AND valid_from > (SELECT min(valid_from) FROM velib_db_tf.stations))
    OR valid_from >= last_to + INTERVAL '24' HOUR
UNION ALL
SELECT valid_to, station_id, 'closed', name, arrondissement, CAST(NULL AS varchar), CAST(NULL AS varchar)
FROM stretches
WHERE valid_to IS NOT NULL AND (next_from IS NULL OR next_from >= valid_to + INTERVAL '24' HOUR)
UNION ALL
SELECT valid_from, station_id, 'moved', name, arrondissement,
    CAST(CAST(last_lat AS decimal(9, 5)) AS varchar) || ', ' || CAST(CAST(last_lon AS decimal(9, 5)) AS varchar),
    CAST(CAST(lat AS decimal(9, 5)) AS varchar) || ', ' || CAST(CAST(lon AS decimal(9, 5)) AS varchar)
FROM moves
WHERE metres > 30
UNION ALL
SELECT valid_from, station_id, 'renamed', name, arrondissement, last_name, name
FROM stretches
WHERE name <> last_name
UNION ALL
SELECT valid_from, station_id, 'resized', name, arrondissement,
    CAST(last_capacity AS varchar), CAST(capacity AS varchar)
FROM stretches
WHERE capacity <> last_capacity
