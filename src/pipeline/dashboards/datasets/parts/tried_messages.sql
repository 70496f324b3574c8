-- The messages that the filters leave, and how far each has come.
SELECT
  m.*, coalesce(d.attempts, 0) AS attempts, d.reason, d.last_attempted_at, d.next_attempt_at,
  CASE d.state WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN 'given up' ELSE 'waits' END AS state
FROM shown_messages m
LEFT JOIN ops.deliveries d ON d.message_id = m.message_id
