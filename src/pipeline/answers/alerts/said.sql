-- Silences and acknowledgements as people have asked for them, the oldest first.
SELECT s.kind, s.subject, s.decided_at, s.until_at, s.decided_by, s.why
FROM ops.said_of_alerts s
ORDER BY s.decided_at, s.kind, s.subject
