-- How runs kept their SLA, by team and by the day on which they started.
SELECT
  coalesce(j.team, '') AS team, d.run_date AS day,
  sum(d.met) AS met, sum(d.missed) AS missed, sum(d.pending) AS pending
FROM gold.sla_daily d
LEFT JOIN gold.jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
WHERE d.run_date BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
GROUP BY coalesce(j.team, ''), d.run_date
ORDER BY team, day
