-- Jobs of which another level of a metric has become usual in the last 30 days, the latest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  r.metric, r.first_run_id, r.from_at, r.level / r.ratio AS level_before, r.level, r.ratio, r.direction,
  r.list_cost_change
FROM gold.job_regimes r
JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.regime > 0 AND r.to_at IS NULL AND r.from_at >= CAST(:since AS TIMESTAMP)
ORDER BY r.from_at DESC, r.series_key, r.metric
