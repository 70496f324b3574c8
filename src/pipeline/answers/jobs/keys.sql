-- What each job can be called by.
SELECT j.workspace_id, j.series_key, j.job_id, j.name FROM gold.jobs j ORDER BY j.series_key
