-- How the columns of tables have changed that jobs write, the newest first.
SELECT
  c.table_name,
  CASE WHEN c.column_name = '' THEN 'the table' ELSE c.column_name END AS column_name,
  CASE c.change
    WHEN 'column_added' THEN 'added'
    WHEN 'column_removed' THEN 'removed'
    WHEN 'type_changed' THEN 'other type'
    WHEN 'nullability_changed' THEN CASE WHEN c.is_nullable THEN 'may be NULL now' ELSE 'must not be NULL now' END
    WHEN 'not_visible' THEN 'no longer visible'
    ELSE 'visible again'
  END AS change,
  c.old_type, c.new_type, c.night_at, array_join(c.writers, ', ') AS writers, c.reader_jobs,
  array_join(c.readers, ', ') AS readers
FROM table_schema_changes c
ORDER BY c.night_at DESC, c.table_name, c.column_name, c.change
