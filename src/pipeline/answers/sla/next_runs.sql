-- Jobs by the probability that their next run misses its SLA.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  f.p_miss, f.next_start_at, f.next_due_at, f.sla_kind, f.sla_limit_seconds, f.sla_time_of_day, f.sla_timezone,
  f.allowed_seconds, f.p50_seconds, f.p95_seconds, f.p_miss_upstream, f.p_miss_start, f.p_miss_duration, f.p_miss_failure
FROM gold.job_forecast f
JOIN gold.jobs j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
WHERE f.sla_status = 'ok'
ORDER BY f.p_miss DESC, j.tier ASC NULLS LAST, j.series_key
