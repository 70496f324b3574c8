-- Clusters of jobs whose number of workers was changed in the last 30 days, the latest first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  c.resized_at, c.workers_before, c.workers_after
FROM (
  SELECT
    u.workspace_id, u.series_key, u.used_from AS resized_at, u.workers AS workers_after,
    lag(u.workers) OVER (PARTITION BY u.workspace_id, u.series_key ORDER BY u.used_from, u.run_id) AS workers_before
  FROM (
    SELECT r.workspace_id, r.series_key, r.run_id, min(k.used_from) AS used_from, max(c.workers) AS workers
    FROM silver.run_clusters k
    JOIN silver.runs r ON r.workspace_id = k.workspace_id AND r.run_id = k.run_id
    JOIN silver.clusters c ON c.workspace_id = k.workspace_id AND c.cluster_id = k.cluster_id
    WHERE c.cluster_source = 'JOB' AND c.workers IS NOT NULL
    GROUP BY r.workspace_id, r.series_key, r.run_id
    HAVING count(*) = 1
  ) u
) c
JOIN gold.jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
WHERE c.workers_before <> c.workers_after AND c.resized_at >= CAST(:since AS TIMESTAMP)
ORDER BY c.resized_at DESC, j.series_key
