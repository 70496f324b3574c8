-- How runs ended, by team and by the day on which they started; the empty team is of jobs that name none.
SELECT
  coalesce(j.team, '') AS team, d.run_date AS day,
  sum(d.runs) AS runs, sum(d.succeeded) AS succeeded, sum(d.failed + d.timed_out) AS failed
FROM gold.job_daily d
LEFT JOIN gold.jobs j ON j.workspace_id = d.workspace_id AND j.series_key = d.series_key
WHERE d.run_date BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
GROUP BY coalesce(j.team, ''), d.run_date
ORDER BY team, day
