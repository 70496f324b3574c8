-- What people were told of and goes on, the most critical and the newest first.
SELECT
  i.tier, i.headline, i.name, i.team, i.owner, i.began_at, i.last_told_at, a.decided_by AS taken_on_by,
  CAST(i.returns AS BIGINT) AS returns, i.quiet_since, CAST(i.messages AS BIGINT) AS messages,
  CAST(size(i.holding) AS BIGINT) AS holds, i.address, i.series_key, i.url
FROM shown_incidents i
LEFT JOIN said_in_force a ON a.kind = 'acknowledged' AND a.subject = concat('incident:', i.incident_id)
WHERE i.state = 'open'
ORDER BY i.tier, i.began_at DESC, i.incident_id
