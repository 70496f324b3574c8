-- Jobs of which another level of a metric has become usual in the days shown, the latest first.
SELECT
  r.from_at, j.name, j.team, j.owner, r.metric, r.direction, b.level AS level_before, r.level, r.ratio,
  CASE WHEN r.to_at IS NULL THEN 'still' ELSE date_format(r.to_at, 'yyyy-MM-dd') END AS lasted_to,
  r.first_run_id AS run_id, concat(j.url, '/runs/', r.first_run_id) AS run_url, r.series_key, j.url
FROM job_regimes r
JOIN job_regimes b
  ON b.workspace_id = r.workspace_id AND b.series_key = r.series_key AND b.metric = r.metric AND b.regime = r.regime - 1
JOIN shown_jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
CROSS JOIN period p
WHERE CAST(r.from_at AS DATE) BETWEEN p.first_day AND p.last_day
ORDER BY r.from_at DESC, r.series_key, r.metric
