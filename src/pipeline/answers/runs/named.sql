-- The runs of this id: one in each workspace that has one.
SELECT r.workspace_id, r.run_id, r.series_key, r.started_at
FROM silver.runs r
WHERE r.run_id = :run_id
ORDER BY r.workspace_id
