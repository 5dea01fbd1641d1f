CREATE OR REPLACE VIEW velib_db_tf.kpi_episodes AS
-- One row per stretch of snapshots in which a station was short, or saturated, in the 25 hours up to the newest
-- snapshot. An episode ends at the station's next snapshot in which the condition is false. If the station has
-- no snapshot for over 45 minutes, it ends at the last one in which the condition was true. Otherwise it is open
-- and lasts up to the newest snapshot.
WITH recent AS (
    SELECT *
    FROM velib_db_tf.source_velib
    WHERE ${newest_day}
),
newest AS (
    SELECT max(ingested_ts) AS newest_ts
    FROM recent
),
seen AS (
    SELECT
        station_id,
        name,
        arrondissement,
        ingested_ts,
        newest_ts,
        coalesce(${short}, false) AS is_short,
        coalesce(${saturated}, false) AS is_saturated
    FROM recent
    CROSS JOIN newest
    WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
),
steps AS (
    SELECT
        seen.*,
        lag(is_short) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS was_short,
        lag(is_saturated) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS was_saturated,
        lag(ingested_ts) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_ts,
        lead(ingested_ts) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS after_ts
    FROM seen
),
held AS (
    SELECT 'shortage' AS kind, was_short AS was_so, steps.*
    FROM steps
    WHERE is_short
    UNION ALL
    SELECT 'saturation' AS kind, was_saturated AS was_so, steps.*
    FROM steps
    WHERE is_saturated
),
numbered AS (
    SELECT
        held.*,
        sum(CASE WHEN was_so AND before_ts >= ingested_ts - INTERVAL '45' MINUTE THEN 0 ELSE 1 END)
            OVER (PARTITION BY station_id, kind ORDER BY ingested_ts) AS episode
    FROM held
),
episodes AS (
    SELECT
        station_id,
        kind,
        episode,
        max_by(name, ingested_ts) FILTER (WHERE name IS NOT NULL) AS name,
        max_by(arrondissement, ingested_ts) FILTER (WHERE arrondissement IS NOT NULL) AS arrondissement,
        min(ingested_ts) AS start_ts,
        max(ingested_ts) AS last_ts,
        coalesce(max(after_ts), max(ingested_ts)) AS next_ts,
        max(newest_ts) AS newest_ts,
        count(*) AS snapshots
    FROM numbered
    GROUP BY station_id, kind, episode
),
ended AS (
    SELECT
        episodes.*,
        CASE
            WHEN next_ts > last_ts AND next_ts <= last_ts + INTERVAL '45' MINUTE THEN next_ts
            WHEN next_ts <= last_ts AND newest_ts <= last_ts + INTERVAL '45' MINUTE THEN newest_ts
            ELSE last_ts
        END AS end_ts,
        next_ts <= last_ts AND newest_ts <= last_ts + INTERVAL '45' MINUTE AS is_open
    FROM episodes
)
SELECT
    station_id,
    name,
    arrondissement,
    kind,
    start_ts,
    end_ts,
    date_diff('second', start_ts, end_ts) / 60 AS minutes,
    is_open,
    snapshots
FROM ended
