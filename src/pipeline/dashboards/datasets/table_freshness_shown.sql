-- How fresh the tables are that jobs write, those that are late first.
SELECT
  t.table_name,
  CASE WHEN t.is_late THEN 'late' WHEN t.is_late = false THEN 'fresh' ELSE 'not known' END AS freshness,
  t.last_written_at, t.age_seconds / 3600 AS age_hours, t.gap_seconds / 3600 AS gap_hours, t.late_after,
  t.writes, t.reader_jobs, array_join(t.writers, ', ') AS writers, t.reason
FROM table_freshness t
ORDER BY CASE WHEN t.is_late THEN 0 ELSE 1 END, t.reader_jobs DESC, t.table_name
