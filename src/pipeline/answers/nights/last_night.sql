-- The steps of the last night that changed anything.
SELECT
  s.night_id, s.as_of, s.step, s.stage, s.table_name, s.mode, s.rows_read, s.inserted, s.updated, s.deleted,
  s.rejected, s.duplicates, s.expired, s.late, s.seconds, s.version
FROM gold.night_steps s
WHERE s.night_id = (SELECT max(n.night_id) FROM gold.night_steps n)
ORDER BY s.stage, s.step, s.table_name
