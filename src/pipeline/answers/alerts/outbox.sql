-- Messages that wait, that are given up, and that were delivered since `:since`; the newest first.
SELECT
  o.message_id, o.channel, o.kind, o.tier, o.team, o.incident_key, o.sequence,
  coalesce(d.state, 'pending') AS state, coalesce(d.attempts, 0) AS attempts,
  d.reason, d.status_code, o.decided_at, d.last_attempted_at, d.next_attempt_at, d.delivered_at
FROM ops.outbox o
LEFT JOIN ops.deliveries d ON d.message_id = o.message_id
WHERE d.delivered_at IS NULL OR d.delivered_at >= CAST(:since AS TIMESTAMP)
ORDER BY o.decided_at DESC, o.incident_key, o.sequence DESC, o.message_id
