-- A run beside the last runs of its job before it that succeeded at once, the latest first: itself.
SELECT
  r.workspace_id, r.run_id, r.series_key, j.name, r.started_at, r.ended_at, r.status, r.attempts,
  r.queue_seconds, a.duration_seconds AS first_attempt_seconds, r.wall_seconds, s.sla_status,
  i.input_bytes, i.input_source, i.spilled_bytes,
  k.worker_node_type, k.workers, k.min_workers, k.max_workers, k.dbr_version,
  c.list_cost, c.currency_code, c.unpriced_quantity, c.unpriced_unit
FROM (
  SELECT o.workspace_id, o.run_id, o.series_key, o.started_at, o.ended_at, o.status, o.attempts,
    o.queue_seconds, o.wall_seconds,
    row_number() OVER (ORDER BY o.started_at DESC, CASE WHEN o.run_id = :run_id THEN 0 ELSE 1 END, o.run_id) AS place
  FROM silver.runs o
  WHERE o.series_key = :series_key AND (
    o.run_id = :run_id
    OR (o.status = 'SUCCEEDED' AND o.repairs = 0 AND NOT o.never_started
      AND o.started_at < CAST(:started_at AS TIMESTAMP))
  )
) r
LEFT JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
LEFT JOIN silver.attempts a ON a.workspace_id = r.workspace_id AND a.run_id = r.run_id AND a.attempt = 0
LEFT JOIN silver.attempt_inputs i ON i.workspace_id = r.workspace_id AND i.run_id = r.run_id AND i.attempt = 0
LEFT JOIN silver.run_sla s ON s.workspace_id = r.workspace_id AND s.run_id = r.run_id
LEFT JOIN silver.run_costs c ON c.workspace_id = r.workspace_id AND c.run_id = r.run_id
LEFT JOIN (
  SELECT u.workspace_id, u.run_id, u.cluster_id,
    row_number() OVER (PARTITION BY u.workspace_id, u.run_id ORDER BY u.used_from, u.cluster_id) AS place
  FROM silver.run_clusters u
) n ON n.workspace_id = r.workspace_id AND n.run_id = r.run_id AND n.place = 1
LEFT JOIN silver.clusters k ON k.workspace_id = n.workspace_id AND k.cluster_id = n.cluster_id
WHERE r.place <= 31
ORDER BY r.place
