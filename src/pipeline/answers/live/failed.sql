-- Jobs of which a run has ended with a verdict after the last one that the night knows: whether they fail now, since when, how often in a row, why.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  CASE WHEN w.success_at IS NULL AND w.was_failing THEN w.was_failing_since ELSE w.failing_since END AS began_at,
  w.ended_at AS seen_at, w.run_id,
  w.failures + CASE WHEN w.success_at IS NULL AND w.was_failing THEN w.earlier_failures ELSE 0 END AS times,
  w.termination_code, w.failure_class, w.failed_task_key, w.error_line,
  coalesce(w.success_at, w.earlier_success_at) AS last_success_at,
  w.status <> 'SUCCEEDED' AS is_failing, w.seen_at AS live_at
FROM (
  SELECT
    v.workspace_id, v.series_key, v.run_id, v.ended_at, v.seen_at, v.status, v.termination_code, v.failure_class, v.failed_task_key,
    v.error_line, v.success_at, v.was_failing, v.was_failing_since, v.earlier_failures, v.earlier_success_at, v.place,
    count(CASE WHEN v.success_at IS NULL OR v.ended_at > v.success_at THEN 1 END)
      OVER (PARTITION BY v.workspace_id, v.series_key) AS failures,
    min(CASE WHEN v.success_at IS NULL OR v.ended_at > v.success_at THEN v.ended_at END)
      OVER (PARTITION BY v.workspace_id, v.series_key) AS failing_since
  FROM (
    SELECT
      l.workspace_id, l.series_key, l.run_id, l.ended_at, l.seen_at, l.status, l.termination_code, l.failure_class, l.failed_task_key,
      l.error_line, coalesce(h.is_failing, FALSE) AS was_failing, h.failing_since AS was_failing_since,
      h.consecutive_failures AS earlier_failures, h.last_success_at AS earlier_success_at,
      max(CASE WHEN l.status = 'SUCCEEDED' THEN l.ended_at END) OVER (PARTITION BY l.workspace_id, l.series_key) AS success_at,
      row_number() OVER (PARTITION BY l.workspace_id, l.series_key ORDER BY l.ended_at DESC, l.run_id DESC) AS place
    FROM ops.live_runs l
    LEFT JOIN gold.job_health h ON h.workspace_id = l.workspace_id AND h.series_key = l.series_key
    LEFT JOIN gold.run_history k
      ON k.workspace_id = l.workspace_id AND k.run_id = l.run_id AND k.attempts > l.attempt AND k.ended_at IS NOT NULL
    WHERE l.status IN ('SUCCEEDED', 'FAILED', 'TIMEOUT') AND k.run_id IS NULL
      AND (h.last_ended_at IS NULL OR l.ended_at > h.last_ended_at)
  ) v
) w
JOIN gold.jobs j ON j.workspace_id = w.workspace_id AND j.series_key = w.series_key
WHERE w.place = 1 AND j.state NOT IN ('paused', 'deleted')
ORDER BY j.series_key
