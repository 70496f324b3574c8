-- The node-hours of the job on each of the days shown, by what is known of them.
SELECT d.used_date, d.what, sum(d.hours) AS node_hours
FROM (
  SELECT
    u.used_date,
    stack(
      4,
      'busy', u.measured_node_hours - u.idle_node_hours, 'idle', u.idle_node_hours,
      'left no minutes', u.unseen_node_hours, 'GPU, not measured', u.gpu_node_hours
    ) AS (what, hours)
  FROM utilisation_daily u
  JOIN shown_job j ON j.workspace_id = u.workspace_id AND j.series_key = u.series_key
  CROSS JOIN period p
  WHERE u.used_date BETWEEN p.first_day AND p.last_day
) d
WHERE d.hours > 0
GROUP BY d.used_date, d.what
ORDER BY d.used_date, d.what
