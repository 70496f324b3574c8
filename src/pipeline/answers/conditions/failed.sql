-- Jobs whose last verdict is a failure: since when, how often in a row and why.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  h.failing_since AS began_at, h.last_ended_at AS seen_at, h.last_run_id AS run_id,
  h.consecutive_failures AS times, h.last_termination_code AS termination_code,
  h.last_failure_class AS failure_class, r.failed_task_key, h.last_success_at
FROM gold.job_health h
JOIN gold.jobs j ON j.workspace_id = h.workspace_id AND j.series_key = h.series_key
LEFT JOIN gold.run_history r ON r.workspace_id = h.workspace_id AND r.run_id = h.last_run_id
WHERE h.is_failing AND j.state NOT IN ('paused', 'deleted')
ORDER BY j.series_key
