-- Default names of submitted runs whose works nothing tells apart.
SELECT j.workspace_id, j.series_key, j.runs, j.last_run_date
FROM gold.jobs j
WHERE j.series_basis = 'shared_run_name'
ORDER BY j.runs DESC, j.series_key
