-- Every run that began since the last night but one beside what was usual of its job, the strangest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  b.run_id, b.attempt, b.started_at, b.duration_seconds, b.center_seconds, b.ratio, b.robust_z, b.p_value,
  b.is_anomaly, b.is_shift
FROM gold.run_baseline b
JOIN gold.jobs j ON j.workspace_id = b.workspace_id AND j.series_key = b.series_key
WHERE b.started_at >= CAST(:since AS TIMESTAMP)
ORDER BY b.is_anomaly DESC, b.p_value ASC NULLS LAST, b.started_at DESC, b.run_id, b.attempt
