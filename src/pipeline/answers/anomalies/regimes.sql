-- Jobs of which another level of a metric has become usual in the last 30 days, the latest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  r.metric, r.first_run_id, r.from_at, p.level AS level_before, r.level, r.ratio, r.direction
FROM gold.job_regimes r
JOIN gold.job_regimes p
  ON p.workspace_id = r.workspace_id AND p.series_key = r.series_key AND p.metric = r.metric AND p.regime = r.regime - 1
JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.to_at IS NULL AND r.from_at >= CAST(:since AS TIMESTAMP)
ORDER BY r.from_at DESC, r.series_key, r.metric
