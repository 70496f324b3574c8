-- Jobs of which another level of a metric was found since `:since` to have become usual, each with its largest change.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  s.from_at AS began_at, s.found_at AS seen_at, s.first_run_id AS run_id, s.metric, s.level_before, s.level, s.ratio, s.direction,
  s.list_cost_change, s.times
FROM (
  SELECT
    r.workspace_id, r.series_key, r.metric, r.first_run_id, r.from_at, r.found_at, r.level / r.ratio AS level_before,
    r.level, r.ratio, r.direction, r.list_cost_change,
    count(*) OVER (PARTITION BY r.workspace_id, r.series_key) AS times,
    row_number() OVER (
      PARTITION BY r.workspace_id, r.series_key ORDER BY r.distance DESC NULLS LAST, r.metric
    ) AS place
  FROM (
    SELECT
      o.workspace_id, o.series_key, o.metric, o.first_run_id, o.from_at, o.found_at, o.level, o.ratio, o.direction,
      o.list_cost_change, CASE WHEN o.ratio < 1 THEN 1 / o.ratio ELSE o.ratio END AS distance
    FROM gold.job_regimes o
    WHERE o.regime > 0 AND o.to_at IS NULL AND o.ratio > 0 AND o.found_at >= CAST(:since AS TIMESTAMP)
  ) r
) s
JOIN gold.jobs j ON j.workspace_id = s.workspace_id AND j.series_key = s.series_key
WHERE s.place = 1
ORDER BY j.series_key
