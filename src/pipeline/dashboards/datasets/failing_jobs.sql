-- Jobs whose last verdict is a failure: since when, why, and which task failed first; important ones first.
SELECT
  j.tier, j.name, h.failing_since, h.consecutive_failures, h.last_termination_code AS why, h.last_failure_class AS cause,
  r.failed_task_key AS task, j.owner, j.team, h.last_success_at, h.last_run_id AS run_id,
  concat(j.url, '/runs/', h.last_run_id) AS run_url, j.series_key, j.url
FROM job_health h
JOIN shown_jobs j ON j.workspace_id = h.workspace_id AND j.series_key = h.series_key
LEFT JOIN run_history r ON r.workspace_id = h.workspace_id AND r.run_id = h.last_run_id
WHERE h.is_failing
ORDER BY j.tier, h.failing_since, j.series_key
