-- How often each metric was flagged in each of the nights shown, and which way.
SELECT
  CAST(a.night_at AS DATE) AS night, a.metric, a.direction, count(*) AS flags
FROM run_anomalies a
JOIN shown_jobs j ON j.workspace_id = a.workspace_id AND j.series_key = a.series_key
CROSS JOIN period p
WHERE CAST(a.night_at AS DATE) BETWEEN p.first_day AND p.last_day
GROUP BY CAST(a.night_at AS DATE), a.metric, a.direction
ORDER BY night, a.metric, a.direction
