-- The levels of each metric of the job that have been usual, the latest first.
SELECT r.metric, r.from_at, r.to_at, r.level, r.ratio, r.direction, r.first_run_id AS run_id,
  concat(j.url, '/runs/', r.first_run_id) AS run_url
FROM job_regimes r
JOIN shown_job j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
ORDER BY r.metric, r.regime DESC
