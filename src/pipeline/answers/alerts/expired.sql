-- Messages that were delivered or given up before `:before`, about nothing or an incident that is over since before then and of which none waits.
SELECT o.message_id
FROM ops.outbox o
JOIN ops.deliveries d ON d.message_id = o.message_id
LEFT JOIN ops.incidents i ON i.incident_id = o.incident_key
LEFT JOIN (
  SELECT w.incident_key
  FROM ops.outbox w
  LEFT JOIN ops.deliveries p ON p.message_id = w.message_id
  WHERE coalesce(p.state, 'pending') = 'pending' AND w.incident_key IS NOT NULL
  GROUP BY w.incident_key
) k ON k.incident_key = o.incident_key
WHERE d.state <> 'pending' AND o.decided_at < CAST(:before AS TIMESTAMP)
  AND coalesce(d.delivered_at, d.last_attempted_at, o.decided_at) < CAST(:before AS TIMESTAMP)
  AND k.incident_key IS NULL
  AND (i.incident_id IS NULL OR (i.state = 'over' AND coalesce(i.quiet_since, i.decided_at) < CAST(:before AS TIMESTAMP)))
ORDER BY o.message_id
