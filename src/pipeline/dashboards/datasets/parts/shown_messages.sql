-- The messages that the filters leave: each about its incident's job, if it has one.
SELECT m.*
FROM (
  SELECT
    o.message_id, o.channel, o.kind, o.decided_at, CAST(o.decided_at AS DATE) AS decided_date,
    coalesce(substring(o.tier, 2), 'none') AS tier, coalesce(o.team, i.team, '(none)') AS team,
    coalesce(i.workspace, '(none)') AS workspace, coalesce(i.owner, '(none)') AS owner,
    i.headline, i.address, i.name, i.series_key, i.url
  FROM ops.outbox o
  LEFT JOIN named_incidents i ON i.incident_id = o.incident_key
) m
WHERE (:workspace IS NULL OR size(CAST(:workspace AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:workspace AS ARRAY<STRING>), m.workspace))
  AND (:team IS NULL OR size(CAST(:team AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:team AS ARRAY<STRING>), m.team))
  AND (:owner IS NULL OR size(CAST(:owner AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:owner AS ARRAY<STRING>), m.owner))
  AND (:tier IS NULL OR size(CAST(:tier AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:tier AS ARRAY<STRING>), m.tier))
