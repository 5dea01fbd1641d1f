-- One row per station that the network has had in the day up to the newest snapshot: where it is, by the register.
-- A snapshot that lacks stations does not change it.
WITH newest AS (
    SELECT max(ingested_ts) AS newest_ts FROM source_velib WHERE ${newest_day}
)
SELECT
    station_id,
    max_by(arrondissement, valid_from) AS arrondissement,
    max_by(lat, valid_from) AS lat,
    max_by(lon, valid_from) AS lon
FROM velib_db_tf.stations CROSS JOIN newest
WHERE valid_to IS NULL OR valid_to > newest_ts - INTERVAL '24' HOUR
GROUP BY station_id
ORDER BY station_id
