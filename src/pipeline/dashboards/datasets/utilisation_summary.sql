-- One row: node-hours of the days shown beside as many days before, and what is known of what they did.
SELECT
  s.node_hours, s.previous_node_hours, s.idle / nullif(s.measured, 0) AS idle_share,
  s.previous_idle / nullif(s.previous_measured, 0) AS previous_idle_share, s.cpu / nullif(s.measured, 0) AS cpu_share,
  s.previous_cpu / nullif(s.previous_measured, 0) AS previous_cpu_share,
  s.memory / nullif(s.measured, 0) AS memory_share, s.previous_memory / nullif(s.previous_measured, 0) AS previous_memory_share,
  s.unseen / nullif(s.node_hours, 0) AS unseen_share, s.gpu AS gpu_node_hours
FROM (
  SELECT
    sum(CASE WHEN u.is_shown THEN u.node_hours END) AS node_hours,
    sum(CASE WHEN NOT u.is_shown THEN u.node_hours END) AS previous_node_hours,
    sum(CASE WHEN u.is_shown THEN u.measured_node_hours END) AS measured,
    sum(CASE WHEN NOT u.is_shown THEN u.measured_node_hours END) AS previous_measured,
    sum(CASE WHEN u.is_shown THEN u.idle_node_hours END) AS idle,
    sum(CASE WHEN NOT u.is_shown THEN u.idle_node_hours END) AS previous_idle,
    sum(CASE WHEN u.is_shown THEN u.cpu_node_hours END) AS cpu,
    sum(CASE WHEN NOT u.is_shown THEN u.cpu_node_hours END) AS previous_cpu,
    sum(CASE WHEN u.is_shown THEN u.memory_node_hours END) AS memory,
    sum(CASE WHEN NOT u.is_shown THEN u.memory_node_hours END) AS previous_memory,
    sum(CASE WHEN u.is_shown THEN u.unseen_node_hours END) AS unseen,
    sum(CASE WHEN u.is_shown THEN u.gpu_node_hours END) AS gpu
  FROM shown_usage u
) s
