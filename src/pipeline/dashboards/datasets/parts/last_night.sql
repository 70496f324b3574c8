-- The steps of the last night.
SELECT s.night_id, s.as_of, s.step, s.stage, s.table_name, s.mode, s.rows_read, s.inserted, s.updated, s.deleted,
  s.rejected, s.duplicates, s.expired, s.late, s.seconds
FROM night_steps s
JOIN (SELECT max(a.night_id) AS night_id FROM night_steps a) l ON l.night_id = s.night_id
