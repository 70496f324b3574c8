-- Incidents that people were told of in the days shown, by what they were told; one of several conditions counts for each.
SELECT c.condition, count(DISTINCT c.incident_id) AS incidents
FROM (
  SELECT i.incident_id, replace(substring_index(k.told_key, ' ', 1), '_', ' ') AS condition
  FROM shown_incidents i
  CROSS JOIN alert_period p
  LATERAL VIEW explode(i.told) k AS told_key
  WHERE i.told_date BETWEEN p.first_day AND p.last_day
) c
GROUP BY c.condition
ORDER BY incidents DESC, c.condition
