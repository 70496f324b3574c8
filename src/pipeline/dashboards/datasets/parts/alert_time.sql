-- Up to when incidents, messages and what people say of them are known: no table says when it was last decided that
-- nothing is new.
SELECT max(d.known_at) AS known_at
FROM (
  SELECT n.as_of AS known_at FROM night n
  UNION ALL
  SELECT max(greatest(i.decided_at, coalesce(i.last_told_at, i.began_at), coalesce(i.quiet_since, i.began_at))) AS known_at
  FROM ops.incidents i
  UNION ALL
  SELECT max(o.decided_at) AS known_at FROM ops.outbox o
  UNION ALL
  SELECT max(s.decided_at) AS known_at FROM ops.said_of_alerts s
) d
