CREATE OR REPLACE VIEW velib_db_tf.kpi_top10_2hour AS
-- The ten most critical stations in the two hours up to the newest snapshot. The filter on the newest
-- partitions, updated by each tick, keeps the view from reading the history.
-- A station that was renamed within the window has its newest name.
WITH recent AS (
    SELECT *
    FROM velib_db_tf.source_velib
    WHERE ${newest_hours}
),
operating AS (
    SELECT *
    FROM recent
    WHERE ${in_operation}
        AND ingested_ts > (SELECT max(ingested_ts) FROM recent) - INTERVAL '2' HOUR
),
hits AS (
    SELECT
        station_id,
        max_by(name, ingested_ts) FILTER (WHERE name IS NOT NULL) AS name,
        max_by(arrondissement, ingested_ts) FILTER (WHERE arrondissement IS NOT NULL) AS arrondissement,
        avg(fill_rate) AS avg_fill_rate,
        count(*) FILTER (WHERE ${short}) AS shortage_hits,
        count(*) FILTER (WHERE is_returning AND ${without_dock}) AS saturation_hits,
        count(*) FILTER (WHERE is_returning AND ${nearly_full}) AS full_hits
    FROM operating
    GROUP BY station_id
)
SELECT
    station_id,
    name,
    arrondissement,
    avg_fill_rate,
    shortage_hits,
    saturation_hits,
    2 * shortage_hits + 2 * saturation_hits + full_hits AS critical_score
FROM hits
ORDER BY critical_score DESC, station_id
LIMIT 10
