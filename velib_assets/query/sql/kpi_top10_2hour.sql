CREATE OR REPLACE VIEW velib_db_tf.kpi_top10_2hour AS
-- The ten most critical stations of the two hours up to the newest snapshot. A constant filter on the
-- newest partitions (written anew by a tick) keeps it from reading history.
-- A station that changed its name in the window shows its newest one.
WITH recent AS (
    SELECT *
    FROM velib_db_tf.source_velib
    WHERE ${newest_hours}
),
operating AS (
    SELECT *
    FROM recent
    WHERE is_installed
        AND NOT is_stale
        AND fill_rate IS NOT NULL
        AND ingested_ts > (SELECT max(ingested_ts) FROM recent) - INTERVAL '2' HOUR
),
hits AS (
    SELECT
        station_id,
        max_by(name, ingested_ts) FILTER (WHERE name IS NOT NULL) AS name,
        max_by(arrondissement, ingested_ts) FILTER (WHERE arrondissement IS NOT NULL) AS arrondissement,
        avg(fill_rate) AS avg_fill_rate,
        count(*) FILTER (WHERE is_renting AND bikes = 0) AS shortage_hits,
        count(*) FILTER (WHERE is_returning AND docks = 0) AS saturation_hits,
        count(*) FILTER (WHERE is_returning AND fill_rate >= 0.9) AS full_hits
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
