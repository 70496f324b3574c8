-- Runs seen since `:since` to be in progress when their SLA was due, or to have succeeded too late, that no night has judged; of each job the last.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  m.began_at, m.missed_at AS seen_at, m.run_id, m.times, m.due_at, m.ended_at, m.over_limit_seconds,
  j.sla_kind, j.sla_limit_seconds, j.sla_time_of_day, j.sla_timezone, m.seen_at AS live_at
FROM (
  SELECT
    r.workspace_id, r.series_key, r.run_id, r.due_at, r.ended_at, r.seen_at, r.missed_at, r.over_limit_seconds,
    min(r.missed_at) OVER (PARTITION BY r.workspace_id, r.series_key) AS began_at,
    count(*) OVER (PARTITION BY r.workspace_id, r.series_key) AS times,
    row_number() OVER (PARTITION BY r.workspace_id, r.series_key ORDER BY r.missed_at DESC, r.run_id) AS place
  FROM (
    SELECT
      l.workspace_id, l.series_key, l.run_id, l.due_at, l.seen_at, l.ended_at, coalesce(l.due_at, l.ended_at, l.seen_at) AS missed_at,
      l.elapsed_seconds - g.sla_limit_seconds AS over_limit_seconds
    FROM ops.live_runs l
    JOIN gold.jobs g ON g.workspace_id = l.workspace_id AND g.series_key = l.series_key
    LEFT JOIN gold.run_history k
      ON k.workspace_id = l.workspace_id AND k.run_id = l.run_id AND (k.ended_at IS NOT NULL OR k.sla_status IN ('MET', 'MISSED'))
    WHERE l.status IN ('SUCCEEDED', 'IN_FLIGHT') AND k.run_id IS NULL AND l.seen_at >= CAST(:since AS TIMESTAMP)
      AND NOT coalesce(g.is_continuous, FALSE)
  ) r
  WHERE r.over_limit_seconds > 0 OR (r.over_limit_seconds IS NULL AND coalesce(r.ended_at, r.seen_at) > r.due_at)
) m
JOIN gold.jobs j ON j.workspace_id = m.workspace_id AND j.series_key = m.series_key
WHERE m.place = 1
ORDER BY j.series_key
