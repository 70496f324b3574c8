-- The tasks of the job in the days shown, those that took most time first.
SELECT
  t.task_key, sum(t.tries) AS tries, sum(t.retries) AS retries, sum(t.failures) AS failures,
  sum(t.succeeded_seconds) / nullif(sum(t.succeeded), 0) / 60 AS mean_minutes, max(t.p95_seconds) / 60 AS worst_p95_minutes,
  sum(t.busy_seconds) / 60 AS busy_minutes, sum(t.busy_seconds) / nullif(sum(t.run_seconds), 0) AS share
FROM task_daily t
JOIN shown_job j ON j.workspace_id = t.workspace_id AND j.series_key = t.series_key
CROSS JOIN period p
WHERE t.task_run_date BETWEEN p.first_day AND p.last_day
GROUP BY t.task_key
ORDER BY busy_minutes DESC, t.task_key
