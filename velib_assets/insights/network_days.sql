-- The stored rows of the network.
SELECT *
FROM kpi_daily_network
WHERE ${days}
ORDER BY "date"
