-- Jobs of which another duration has become usual in the days of gold.run_baseline, and from what to what.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  s.run_id, s.started_at AS shifted_at, s.center_seconds AS before_seconds, l.center_seconds AS now_seconds,
  l.center_seconds / nullif(s.center_seconds, 0) AS ratio
FROM (
  SELECT b.workspace_id, b.series_key, b.run_id, b.started_at, b.center_seconds,
    row_number() OVER (PARTITION BY b.workspace_id, b.series_key ORDER BY b.started_at DESC, b.run_id) AS place
  FROM gold.run_baseline b
  WHERE b.is_shift
) s
JOIN gold.jobs j ON j.workspace_id = s.workspace_id AND j.series_key = s.series_key
LEFT JOIN gold.job_baseline l ON l.workspace_id = s.workspace_id AND l.series_key = s.series_key
WHERE s.place = 1
ORDER BY shifted_at DESC, j.series_key
