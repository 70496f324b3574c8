-- Runs in progress, those most likely to miss first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  i.run_id, i.started_at, i.seen_until, i.elapsed_seconds, i.remaining_p50_seconds, i.remaining_p95_seconds, i.expected_end_at,
  i.sla_kind, i.sla_limit_seconds, i.sla_time_of_day, i.sla_timezone, i.due_at, i.p_miss, i.status, i.reason
FROM gold.in_flight i
JOIN gold.jobs j ON j.workspace_id = i.workspace_id AND j.series_key = i.series_key
ORDER BY i.p_miss DESC NULLS LAST, i.started_at, i.run_id
