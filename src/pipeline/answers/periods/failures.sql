-- Jobs with runs of which an attempt failed or timed out, those with most that ended so first, and of each its most
-- frequent cause.
SELECT
  f.series_key, coalesce(j.name, f.series_key) AS name, coalesce(j.team, '') AS team, j.owner, j.tier, j.url,
  f.failed_runs, f.repaired_runs, f.lost_seconds, f.termination_code, f.failed_task_key
FROM (
  SELECT
    g.workspace_id, g.series_key, g.termination_code, g.failed_task_key,
    sum(g.failed_runs) OVER (PARTITION BY g.workspace_id, g.series_key) AS failed_runs,
    sum(g.repaired_runs) OVER (PARTITION BY g.workspace_id, g.series_key) AS repaired_runs,
    sum(g.lost_seconds) OVER (PARTITION BY g.workspace_id, g.series_key) AS lost_seconds,
    row_number() OVER (
      PARTITION BY g.workspace_id, g.series_key
      ORDER BY g.failed_runs + g.repaired_runs DESC, g.termination_code, g.failed_task_key
    ) AS place
  FROM (
    SELECT
      d.workspace_id, d.series_key, d.termination_code, d.failed_task_key,
      sum(d.runs_failed) AS failed_runs, sum(d.runs_repaired) AS repaired_runs, sum(d.lost_seconds) AS lost_seconds
    FROM gold.failures_daily d
    WHERE d.run_date BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
    GROUP BY d.workspace_id, d.series_key, d.termination_code, d.failed_task_key
  ) g
) f
LEFT JOIN gold.jobs j ON j.workspace_id = f.workspace_id AND j.series_key = f.series_key
WHERE f.place = 1
ORDER BY f.failed_runs DESC, f.repaired_runs DESC, f.series_key
