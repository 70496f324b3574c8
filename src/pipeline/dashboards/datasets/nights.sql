-- The nights of the days shown: what they took, wrote, and could not keep.
SELECT
  s.as_of, s.night_id, s.minutes, s.rows_written, s.quarantined, s.late
FROM (
  SELECT
    a.night_id, max(a.as_of) AS as_of, sum(a.seconds) / 60 AS minutes,
    sum(a.inserted + a.updated + a.deleted) AS rows_written, sum(a.rejected) AS quarantined, sum(a.late) AS late
  FROM night_steps a
  GROUP BY a.night_id
) s
CROSS JOIN period p
WHERE CAST(s.as_of AS DATE) BETWEEN p.first_day AND p.last_day
ORDER BY s.as_of, s.night_id
