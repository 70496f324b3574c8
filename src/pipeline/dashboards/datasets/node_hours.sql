-- The node-hours of each of the days shown, by team, kind of compute, and what is known of them.
SELECT d.used_date, d.team, d.compute_kind, d.what, sum(d.hours) AS node_hours
FROM (
  SELECT
    u.used_date, u.team, u.compute_kind,
    stack(
      4,
      'busy', u.measured_node_hours - u.idle_node_hours, 'idle', u.idle_node_hours,
      'left no minutes', u.unseen_node_hours, 'GPU, not measured', u.gpu_node_hours
    ) AS (what, hours)
  FROM shown_usage u
  WHERE u.is_shown
) d
WHERE d.hours > 0
GROUP BY d.used_date, d.team, d.compute_kind, d.what
ORDER BY d.used_date, d.team, d.compute_kind, d.what
