-- Names of submitted runs that were used once each.
SELECT j.name, j.last_run_date
FROM gold.jobs j
WHERE j.series_basis IN ('run_name', 'run_name_by_rules') AND j.runs = 1
