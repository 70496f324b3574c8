-- Runs seen in progress since `:since` that will more likely miss their SLA than not, or have used 80 % of what it allows; of each job the one most at risk.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  r.started_at AS began_at, r.seen_at, r.run_id, r.p_miss, r.elapsed_seconds, j.sla_limit_seconds AS allowed_seconds, r.due_at,
  CAST(NULL AS TIMESTAMP) AS expected_end_at, r.seen_at AS live_at
FROM (
  SELECT
    l.workspace_id, l.series_key, l.run_id, l.started_at, l.seen_at, l.p_miss, l.elapsed_seconds, l.due_at,
    row_number() OVER (
      PARTITION BY l.workspace_id, l.series_key ORDER BY l.p_miss DESC NULLS LAST, l.started_at, l.run_id
    ) AS place
  FROM ops.live_runs l
  JOIN gold.jobs g ON g.workspace_id = l.workspace_id AND g.series_key = l.series_key
  LEFT JOIN gold.run_history k
    ON k.workspace_id = l.workspace_id AND k.run_id = l.run_id AND k.attempts > l.attempt AND k.ended_at IS NOT NULL
  WHERE l.ended_at IS NULL AND k.run_id IS NULL AND l.seen_at >= CAST(:since AS TIMESTAMP)
    AND NOT coalesce(g.is_continuous, FALSE)
    AND (l.p_miss >= 0.5 OR l.elapsed_seconds >= 0.8 * g.sla_limit_seconds)
) r
JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.place = 1
ORDER BY j.series_key
