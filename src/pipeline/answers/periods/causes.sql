-- What made runs that were flagged or late take longer than usual, by team and part, the part that cost most time first.
SELECT
  coalesce(j.team, '') AS team, c.part, count(*) AS runs, sum(c.seconds) AS lost_seconds
FROM gold.run_causes c
LEFT JOIN gold.jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
WHERE (c.is_flagged OR c.is_late) AND c.excess_seconds > 0 AND c.seconds > 0
  AND CAST(c.started_at AS DATE) BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
GROUP BY coalesce(j.team, ''), c.part
ORDER BY lost_seconds DESC, team, c.part
