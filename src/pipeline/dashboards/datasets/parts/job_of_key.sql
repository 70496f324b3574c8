-- One job of each key: an incident names no workspace.
SELECT j.series_key, j.name, j.workspace, j.owner, j.url
FROM (
  SELECT n.*, row_number() OVER (PARTITION BY n.series_key ORDER BY n.runs DESC, n.workspace_id) AS place
  FROM named_jobs n
) j
WHERE j.place = 1
