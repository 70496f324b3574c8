-- One row: messages that were not delivered.
SELECT
  count(CASE WHEN m.state = 'waits' THEN 1 END) AS waiting,
  count(CASE WHEN m.state = 'given up' AND m.last_attempted_at > t.known_at - INTERVAL '7' DAY THEN 1 END) AS given_up,
  count(CASE WHEN m.state = 'given up' AND m.last_attempted_at <= t.known_at - INTERVAL '7' DAY
    AND m.last_attempted_at > t.known_at - INTERVAL '14' DAY THEN 1 END) AS given_up_before
FROM tried_messages m
CROSS JOIN alert_time t
