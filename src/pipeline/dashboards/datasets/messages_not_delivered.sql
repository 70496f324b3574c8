-- Messages of the days shown that were given up or wait, the newest first.
SELECT
  m.decided_at, m.state, replace(m.reason, '_', ' ') AS reason, m.channel, m.kind, m.tier, coalesce(m.headline, m.kind) AS headline,
  m.name, m.team, CAST(m.attempts AS BIGINT) AS attempts, m.last_attempted_at, m.next_attempt_at, m.message_id, m.address,
  m.series_key, m.url
FROM tried_messages m
CROSS JOIN alert_period p
WHERE m.state <> 'delivered' AND m.decided_date BETWEEN p.first_day AND p.last_day
ORDER BY m.decided_at DESC, m.message_id
