-- The node-hours of the days shown and of as many before, of the jobs that the filters leave.
SELECT
  u.used_date >= p.first_day AS is_shown, u.used_date, j.name, j.team, j.owner, j.tier, j.url, u.series_key,
  u.compute_kind, u.node_type, u.role,
  u.node_hours, u.measured_node_hours, u.gpu_node_hours, u.unseen_node_hours, u.idle_node_hours, u.cpu_node_hours,
  u.memory_node_hours, u.memory_max_pct
FROM utilisation_daily u
JOIN shown_jobs j ON j.workspace_id = u.workspace_id AND j.series_key = u.series_key
CROSS JOIN period p
WHERE u.used_date BETWEEN p.previous_first_day AND p.last_day
