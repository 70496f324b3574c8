-- Runs in progress that will more likely miss their SLA than not, or have used 80 % of what it allows; of each job the one most at risk.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  r.started_at AS began_at, r.seen_until AS seen_at, r.run_id, r.p_miss, r.elapsed_seconds, r.remaining_p50_seconds,
  r.allowed_seconds, r.due_at, r.expected_end_at
FROM (
  SELECT
    i.workspace_id, i.series_key, i.run_id, i.started_at, i.seen_until, i.p_miss, i.elapsed_seconds,
    i.remaining_p50_seconds, i.due_at, i.expected_end_at, i.sla_limit_seconds AS allowed_seconds,
    row_number() OVER (
      PARTITION BY i.workspace_id, i.series_key ORDER BY i.p_miss DESC NULLS LAST, i.started_at, i.run_id
    ) AS place
  FROM gold.in_flight i
  WHERE i.p_miss >= 0.5 OR i.elapsed_seconds >= 0.8 * i.sla_limit_seconds
) r
JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.place = 1
ORDER BY j.series_key
