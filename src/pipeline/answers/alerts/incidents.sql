-- All incidents, those that go on before those that are over, the most critical first.
SELECT
  i.incident_id, i.cause, i.team, i.opening, i.state, i.tier, i.headline, i.sentence, i.url, i.began_at, i.told_at, i.last_told_at,
  i.told_tier, i.quiet_since, i.messages, i.returns, i.is_return_told, i.told, i.channels, i.holding, i.digested, i.has_end, i.held_by,
  i.acknowledged_by, i.as_of, i.decided_at
FROM ops.incidents i
ORDER BY i.state DESC, i.tier, i.began_at DESC, i.incident_id
