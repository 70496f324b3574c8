-- Which jobs come right before a job: they fire it, or write a table that it reads.
SELECT DISTINCT d.series_key, d.upstream_series_key
FROM gold.job_dependencies d
WHERE d.is_current
ORDER BY d.series_key, d.upstream_series_key
