-- The costs that the filters leave: by who is charged and where, and by the job's owner and tier, so that with one of
-- these chosen what belongs to no job is left out.
SELECT
  c.usage_date, c.workspace_id, c.job_id, j.series_key, j.name, j.owner, j.tier, j.url,
  CASE WHEN c.team = '' THEN '(none)' ELSE c.team END AS team,
  CASE WHEN c.product = '' THEN '(none)' ELSE c.product END AS product,
  c.attribution, c.price_status, c.dbu, c.list_cost, c.unpriced_quantity, c.unpriced_unit
FROM cost_daily c
LEFT JOIN named_jobs j ON j.workspace_id = c.workspace_id AND j.job_id = c.job_id
LEFT JOIN (SELECT DISTINCT w.workspace_id, w.workspace FROM named_jobs w) p ON p.workspace_id = c.workspace_id
WHERE (:workspace IS NULL OR size(CAST(:workspace AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:workspace AS ARRAY<STRING>), coalesce(p.workspace, c.workspace_id)))
  AND (:team IS NULL OR size(CAST(:team AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:team AS ARRAY<STRING>), CASE WHEN c.team = '' THEN '(none)' ELSE c.team END))
  AND (:owner IS NULL OR size(CAST(:owner AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:owner AS ARRAY<STRING>), j.owner))
  AND (:tier IS NULL OR size(CAST(:tier AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:tier AS ARRAY<STRING>), j.tier))
