-- What was changed before a job's runs that stand out, the latest run first.
SELECT c.*
FROM gold.job_changes c
WHERE c.series_key = :series_key
ORDER BY c.started_at DESC, c.run_id, c.place
