-- The runs of one job, the latest first.
SELECT
  r.workspace_id, r.series_key, r.run_id, r.started_at, r.ended_at, r.status, r.attempts, r.repairs, r.never_started, r.busy_seconds, r.first_success_seconds, r.wall_seconds,
  r.queue_seconds, s.sla_status, s.due_at, s.margin_seconds,
  c.list_cost, c.currency_code, c.unpriced_quantity, c.unpriced_unit, r.termination_code, r.failure_class
FROM silver.runs r
LEFT JOIN silver.run_sla s
  ON s.workspace_id = r.workspace_id AND s.run_id = r.run_id AND s.series_key = :series_key
LEFT JOIN silver.run_costs c ON c.workspace_id = r.workspace_id AND c.run_id = r.run_id
WHERE r.series_key = :series_key
ORDER BY r.started_at DESC, r.run_id
