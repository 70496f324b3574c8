-- Which jobs have had a run with a known outcome in the last 90 days.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url, h.last_run_id, h.last_status, h.is_failing
FROM gold.job_health h
JOIN gold.jobs j ON j.workspace_id = h.workspace_id AND j.series_key = h.series_key
