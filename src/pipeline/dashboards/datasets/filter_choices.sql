-- What the filters can be set to: one row a job.
SELECT n.workspace, n.team, n.owner, n.tier, n.named_key AS job
FROM named_jobs n
ORDER BY n.named_key
