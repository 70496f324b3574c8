-- Messages about incidents that the incidents do not know of: their decision was killed before it was remembered.
SELECT o.incident_key, o.sequence, o.kind, o.tier, o.channel, o.decided_at, o.content
FROM ops.outbox o
LEFT JOIN ops.incidents i ON i.incident_id = o.incident_key
WHERE o.incident_key IS NOT NULL AND o.sequence > coalesce(i.messages, 0)
ORDER BY o.incident_key, o.sequence, o.channel
