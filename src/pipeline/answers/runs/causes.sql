-- What the excess of a job's runs that stand out is put down to, the latest run first.
SELECT c.*
FROM gold.run_causes c
WHERE c.series_key = :series_key
ORDER BY c.started_at DESC, c.run_id, c.place
