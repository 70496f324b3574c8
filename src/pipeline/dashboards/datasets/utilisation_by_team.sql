-- Node-hours of each team in the days shown, and what they did; those with the most idle hours first.
SELECT
  u.team,
  sum(u.node_hours) AS node_hours,
  sum(u.idle_node_hours) / nullif(sum(u.measured_node_hours), 0) AS idle_share,
  sum(u.idle_node_hours) AS idle_node_hours,
  sum(u.cpu_node_hours) / nullif(sum(u.measured_node_hours), 0) AS cpu_share,
  sum(u.memory_node_hours) / nullif(sum(u.measured_node_hours), 0) AS memory_share,
  max(u.memory_max_pct) / 100 AS memory_peak,
  sum(u.unseen_node_hours) / nullif(sum(u.node_hours), 0) AS unseen_share, sum(u.gpu_node_hours) AS gpu_node_hours
FROM shown_usage u
WHERE u.is_shown
GROUP BY u.team
ORDER BY idle_node_hours DESC, u.team
