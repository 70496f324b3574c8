-- Silences, and who has taken on what: of each subject the newest word, where it has not ended nor been taken back.
SELECT s.kind, s.subject, s.decided_at, s.until_at, s.decided_by, s.why
FROM (
  SELECT
    a.kind, a.subject, a.decided_at, a.until_at, a.decided_by, a.why,
    row_number() OVER (PARTITION BY a.kind, a.subject ORDER BY a.decided_at DESC) AS place
  FROM ops.said_of_alerts a
) s
CROSS JOIN alert_time t
WHERE s.place = 1 AND s.until_at > t.known_at
