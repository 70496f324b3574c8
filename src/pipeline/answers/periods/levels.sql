-- Jobs of which another level of a metric began in these days and is still usual, each with its largest change, the largest
-- first.
SELECT
  r.series_key, coalesce(j.name, r.series_key) AS name, coalesce(j.team, '') AS team, j.owner, j.tier, j.url,
  r.metric, r.direction, r.from_at, r.level_before, r.level, r.ratio, r.times
FROM (
  SELECT
    c.*, row_number() OVER (PARTITION BY c.workspace_id, c.series_key ORDER BY c.times DESC, c.metric) AS place
  FROM (
    SELECT
      n.workspace_id, n.series_key, n.metric, n.direction, n.from_at, b.level AS level_before, n.level, n.ratio,
      greatest(n.ratio, 1.0 / n.ratio) AS times
    FROM gold.job_regimes n
    JOIN gold.job_regimes b
      ON b.workspace_id = n.workspace_id AND b.series_key = n.series_key AND b.metric = n.metric
      AND b.regime = n.regime - 1
    WHERE n.to_at IS NULL
      AND CAST(n.from_at AS DATE) BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
  ) c
) r
LEFT JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.place = 1
ORDER BY r.times DESC, r.series_key
