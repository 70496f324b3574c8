-- Messages of the days shown by channel, how far they have come, and what kept the last attempt from delivering them.
SELECT
  m.channel, m.state, replace(m.reason, '_', ' ') AS reason, count(*) AS messages, sum(m.attempts) AS attempts,
  max(m.last_attempted_at) AS last_attempted_at, min(m.next_attempt_at) AS next_attempt_at
FROM tried_messages m
CROSS JOIN alert_period p
WHERE m.decided_date BETWEEN p.first_day AND p.last_day
GROUP BY m.channel, m.state, m.reason
ORDER BY m.channel, m.state DESC, reason
