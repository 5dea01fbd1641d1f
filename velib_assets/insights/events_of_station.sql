-- What happened to the station, the newest first.
SELECT event_ts, event, "before", "after"
FROM velib_db_tf.station_events
WHERE station_id = ${station_id}
ORDER BY event_ts DESC, event
