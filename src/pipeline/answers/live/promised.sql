-- Active jobs that have an SLA, the most critical first: which of them matter most when requests are few.
SELECT j.workspace_id, j.series_key, j.job_id, j.tier
FROM gold.jobs j
WHERE j.job_id IS NOT NULL AND j.sla_kind IS NOT NULL AND j.state = 'active'
ORDER BY j.tier NULLS LAST, j.series_key
