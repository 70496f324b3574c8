-- How many jobs were judged and flagged in each of the nights shown, and how many chance alone would flag.
SELECT
  CAST(n.night_at AS DATE) AS night, count(*) AS tested,
  sum(CASE WHEN n.is_flagged THEN 1 ELSE 0 END) AS flagged, max(n.expected_false_flags) AS expected_false_flags
FROM job_nights n
JOIN shown_jobs j ON j.workspace_id = n.workspace_id AND j.series_key = n.series_key
CROSS JOIN period p
WHERE CAST(n.night_at AS DATE) BETWEEN p.first_day AND p.last_day
GROUP BY CAST(n.night_at AS DATE)
ORDER BY night
