-- Every team and owner that a job or a cost names.
SELECT DISTINCT j.team, j.owner FROM gold.jobs j
UNION
SELECT DISTINCT c.team, CAST(NULL AS STRING) AS owner FROM gold.team_cost_daily c
