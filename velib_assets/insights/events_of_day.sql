-- What happened to stations on the day.
SELECT event_ts, station_id, event, name, arrondissement, "before", "after"
FROM station_events
WHERE ${day}
ORDER BY event_ts, station_id, event
