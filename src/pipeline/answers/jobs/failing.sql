-- Jobs whose last verdict is a failure, important ones first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  h.consecutive_failures, h.failing_since, h.last_run_id, h.last_ended_at,
  h.last_termination_code, h.last_failure_class, h.last_success_at
FROM gold.job_health h
JOIN gold.jobs j ON j.workspace_id = h.workspace_id AND j.series_key = h.series_key
WHERE h.is_failing
ORDER BY j.tier ASC NULLS LAST, h.consecutive_failures DESC, j.series_key
