-- How the columns have changed of the tables by which a job feeds others or is fed, the newest first.
SELECT
  c.table_name, c.column_name, c.night_at, c.change, c.old_type, c.new_type, c.was_nullable, c.is_nullable,
  c.writers, c.readers, c.reader_jobs
FROM gold.table_schema_changes c
WHERE c.table_name IN (
  SELECT d.table_name
  FROM gold.job_dependencies d
  WHERE d.is_current AND (d.series_key = :series_key OR d.upstream_series_key = :series_key)
)
ORDER BY c.night_at DESC, c.table_name, c.column_name, c.change
