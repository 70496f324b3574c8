-- The ids under which the job shown is billed: of submitted runs each has its own.
SELECT j.workspace_id, j.job_id FROM shown_job j WHERE j.job_id IS NOT NULL
UNION
SELECT r.workspace_id, r.job_id
FROM run_history r
JOIN shown_job j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
