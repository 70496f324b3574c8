-- Jobs whose next run, expected by `:until`, will more likely miss its SLA than not.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  v.since_at AS began_at, v.since_at AS seen_at, f.p_miss, f.next_start_at, f.next_due_at AS due_at,
  f.p50_seconds, f.p95_seconds, f.allowed_seconds,
  f.p_miss_upstream, f.p_miss_start, f.p_miss_duration, f.p_miss_failure
FROM gold.job_forecast f
JOIN gold.jobs j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
JOIN gold.job_verdicts v
  ON v.workspace_id = f.workspace_id AND v.series_key = f.series_key AND v.question = 'likely_to_miss'
WHERE v.verdict = 'likely' AND f.next_start_at <= CAST(:until AS TIMESTAMP)
ORDER BY j.series_key
