-- The descriptions of all stations, also of those that are gone, the oldest first.
SELECT station_id, valid_from, valid_to, name, commune, arrondissement, lat, lon, capacity
FROM velib_db_tf.stations
ORDER BY station_id, valid_from
