-- What the filters can be set to: one row a job.
SELECT n.workspace, n.team, n.owner, n.tier, n.series_key, n.name
FROM named_jobs n
ORDER BY n.series_key
