-- The ten stations that were short or saturated for longest.
SELECT "rank", station_id, name, arrondissement, minutes_short, minutes_saturated, minutes_covered
FROM kpi_daily_station
WHERE ${days}
    AND "rank" <= 10
ORDER BY "rank"
