-- The tables by which a job feeds others or is fed, and whether nights see how their columns change.
SELECT s.table_name, s.status, s.reason, s.known_since, s.columns
FROM gold.table_schemas s
WHERE s.table_name IN (
  SELECT d.table_name
  FROM gold.job_dependencies d
  WHERE d.is_current AND (d.series_key = :series_key OR d.upstream_series_key = :series_key)
)
ORDER BY s.table_name
