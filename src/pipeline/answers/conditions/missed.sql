-- Jobs with runs that were found since `:since` to have missed their SLA.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  m.began_at, m.seen_at, m.run_id, m.times, m.due_at, m.late_seconds, m.took_seconds,
  m.sla_kind, m.sla_limit_seconds, m.sla_time_of_day, m.sla_timezone
FROM (
  SELECT
    r.workspace_id, r.series_key, r.run_id, r.due_at, -r.margin_seconds AS late_seconds, r.first_success_seconds AS took_seconds,
    r.sla_kind, r.sla_limit_seconds, r.sla_time_of_day, r.sla_timezone,
    min(coalesce(r.due_at, r.ended_at, r.started_at)) OVER (PARTITION BY r.workspace_id, r.series_key) AS began_at,
    coalesce(r.due_at, r.ended_at, r.started_at) AS seen_at,
    count(*) OVER (PARTITION BY r.workspace_id, r.series_key) AS times,
    row_number() OVER (
      PARTITION BY r.workspace_id, r.series_key ORDER BY coalesce(r.due_at, r.ended_at, r.started_at) DESC, r.run_id
    ) AS place
  FROM gold.run_history r
  WHERE r.sla_status = 'MISSED' AND coalesce(r.due_at, r.ended_at, r.started_at) >= CAST(:since AS TIMESTAMP)
) m
JOIN gold.jobs j ON j.workspace_id = m.workspace_id AND j.series_key = m.series_key
WHERE m.place = 1
ORDER BY j.series_key
