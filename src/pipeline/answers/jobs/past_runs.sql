-- What the picture of one job shows of the past: how long its runs took, and how each went.
SELECT
  r.started_at,
  coalesce(r.first_success_seconds, r.busy_seconds) AS seconds,
  CASE WHEN r.status <> 'SUCCEEDED' THEN 'failed' WHEN s.sla_status = 'MISSED' THEN 'missed' ELSE 'ok' END AS verdict
FROM silver.runs r
LEFT JOIN silver.run_sla s ON s.workspace_id = r.workspace_id AND s.run_id = r.run_id
WHERE r.series_key = :series_key
  AND r.status IN ('SUCCEEDED', 'FAILED', 'TIMEOUT') AND NOT r.never_started
  AND coalesce(r.first_success_seconds, r.busy_seconds) > 0
ORDER BY r.started_at
