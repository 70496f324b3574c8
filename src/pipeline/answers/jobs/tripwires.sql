-- Each job's tripwire, beside the health rules and notifications that its settings had when they were last read.
SELECT
  j.workspace_id, j.series_key, j.job_id, j.name, j.team, j.owner, j.tier, j.state, w.status, w.reason,
  w.basis, w.bound, w.allowed_seconds, w.threshold_seconds, w.false_alarms, w.since_at,
  s.job_id IS NOT NULL AS is_read, s.error, s.health_rules, s.notifications
FROM gold.tripwires w
JOIN gold.jobs j ON j.workspace_id = w.workspace_id AND j.series_key = w.series_key
LEFT JOIN bronze.job_settings s ON s.workspace_id = j.workspace_id AND s.job_id = j.job_id
ORDER BY j.series_key
