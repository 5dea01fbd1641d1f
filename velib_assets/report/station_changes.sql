-- How many stations changed in the 30 days up to the newest snapshot, in all and by event. `known` is the number of
-- stations in the register.
WITH newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM source_velib WHERE ${newest_day}
),
recent AS (
    SELECT event, station_id
    FROM velib_db_tf.station_events CROSS JOIN newest
    WHERE event_ts > newest_ts - INTERVAL '30' DAY AND event_ts <= newest_ts
)
SELECT
    (SELECT count(DISTINCT station_id) FROM velib_db_tf.stations) AS known,
    count(DISTINCT station_id) AS changed,
    count(DISTINCT station_id) FILTER (WHERE event = 'opened') AS opened,
    count(DISTINCT station_id) FILTER (WHERE event = 'closed') AS closed,
    count(DISTINCT station_id) FILTER (WHERE event = 'moved') AS moved,
    count(DISTINCT station_id) FILTER (WHERE event = 'renamed') AS renamed,
    count(DISTINCT station_id) FILTER (WHERE event = 'resized') AS resized
FROM recent
