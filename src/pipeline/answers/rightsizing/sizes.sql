-- A cluster size for every job, the largest saving first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  s.action, s.worker_node_type, s.workers, s.recommended_workers,
  s.saving_lower, s.saving_mid, s.saving_upper, s.added_cost_lower, s.added_cost_mid, s.added_cost_upper, s.saving_part, s.currency_code,
  s.list_cost_30_days, s.unpriced_quantity, s.unpriced_unit,
  s.cpu_p95_pct, s.mem_p99_pct, s.p_miss_now, s.p_miss_recommended, s.runs, s.status, s.reason
FROM gold.rightsizing s
JOIN gold.jobs j ON j.workspace_id = s.workspace_id AND j.series_key = s.series_key
ORDER BY s.saving_mid DESC NULLS LAST, s.action DESC NULLS LAST, j.series_key
