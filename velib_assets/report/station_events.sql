-- What happened to stations in the 30 days up to the newest snapshot, newest first.
WITH newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM source_velib WHERE ${newest_day}
)
SELECT event_ts, station_id, event, name, arrondissement, "before", "after"
FROM velib_db_tf.station_events CROSS JOIN newest
WHERE event_ts > newest_ts - INTERVAL '30' DAY AND event_ts <= newest_ts
ORDER BY event_ts DESC, station_id, event
