-- One row: what the last night took and could not keep, what it could not answer, and how many sources are behind.
SELECT
  s.minutes, s.rows_written, s.quarantined, s.late, coalesce(q.not_assessed, 0) AS not_assessed,
  f.late_sources
FROM (
  SELECT
    sum(l.seconds) / 60 AS minutes, sum(l.inserted + l.updated + l.deleted) AS rows_written,
    sum(l.rejected) AS quarantined, sum(l.late) AS late
  FROM last_night l
) s
CROSS JOIN (
  SELECT sum(a.jobs) AS not_assessed
  FROM night_assessments a
  JOIN (SELECT max(b.night_id) AS night_id FROM night_assessments b) l ON l.night_id = a.night_id
  WHERE a.status <> 'ok' AND a.question = 'forecast'
) q
CROSS JOIN (
  SELECT
    count(CASE WHEN n.behind_hours > 36 THEN 1 END) AS late_sources
  FROM source_freshness n
  -- Of other sources, which change now and then, an old newest row says nothing.
  WHERE n.source_table LIKE '%timeline' OR n.source_table = 'system.billing.usage'
) f
