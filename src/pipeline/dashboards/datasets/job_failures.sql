-- Runs of the job of which an attempt failed, by day, cause and the task that failed first.
SELECT
  f.run_date, f.failure_class AS cause, f.termination_code AS why, f.failed_task_key AS task,
  f.runs_failed + f.runs_repaired AS runs, f.runs_repaired, f.attempts_failed, f.lost_seconds / 60 AS lost_minutes
FROM failures_daily f
JOIN shown_job j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
CROSS JOIN period p
WHERE f.run_date BETWEEN p.first_day AND p.last_day
ORDER BY f.run_date DESC, f.failure_class, f.termination_code, f.failed_task_key
