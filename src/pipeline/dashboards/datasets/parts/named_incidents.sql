-- Every incident with the job that it comes from, if it does, and whose that is.
SELECT
  i.incident_id, i.state, CAST(i.tier AS STRING) AS tier, i.told_tier, i.headline, i.url AS address, i.began_at,
  CASE WHEN size(i.channels) > 0 THEN i.told_at END AS told_at,
  CASE WHEN size(i.channels) > 0 THEN CAST(i.told_at AS DATE) END AS told_date,
  CASE WHEN size(i.channels) > 0 THEN i.last_told_at END AS last_told_at, i.quiet_since, i.messages, i.returns, i.told, i.holding, i.held_by,
  CASE WHEN i.team = '' THEN '(none)' ELSE i.team END AS team,
  coalesce(j.workspace, '(none)') AS workspace, coalesce(j.owner, '(none)') AS owner,
  j.name, j.series_key, j.url
FROM ops.incidents i
LEFT JOIN job_of_key j ON concat('job/', j.series_key) = i.cause
