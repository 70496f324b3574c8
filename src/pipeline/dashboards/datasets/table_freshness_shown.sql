-- How fresh the tables are that jobs write, those that are late first, and whether their columns have changed.
SELECT
  t.table_name,
  CASE WHEN t.is_late THEN 'late' WHEN t.is_late = false THEN 'fresh' ELSE 'not known' END AS freshness,
  t.last_written_at, t.age_seconds / 3600 AS age_hours, t.gap_seconds / 3600 AS gap_hours, t.late_after,
  t.writes, t.reader_jobs, array_join(t.writers, ', ') AS writers, t.reason,
  CASE WHEN s.status <> 'ok' THEN 'not known' WHEN c.changes > 0 THEN 'changed' ELSE 'as before' END AS columns_are,
  s.known_since, s.reason AS columns_reason
FROM table_freshness t
LEFT JOIN table_schemas s ON s.table_name = t.table_name
LEFT JOIN (
  SELECT c.table_name, COUNT(*) AS changes FROM table_schema_changes c GROUP BY c.table_name
) c ON c.table_name = t.table_name
ORDER BY CASE WHEN t.is_late THEN 0 ELSE 1 END, t.reader_jobs DESC, t.table_name
