-- How many stations have doubtful data.
SELECT
    count(*) FILTER (WHERE is_frozen) AS frozen,
    count(*) FILTER (WHERE over_capacity_snapshots > 0) AS over_capacity,
    count(*) FILTER (WHERE types_differ_snapshots > 0) AS types_differ,
    count(*) FILTER (WHERE never_reported) AS never_reported,
    count(*) FILTER (WHERE is_moved) AS moved
FROM kpi_station_quality
WHERE ${days}
