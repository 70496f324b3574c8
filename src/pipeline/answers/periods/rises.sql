-- Jobs that cost more than in the days before, the dearest rise first; those with usage that has no price are left out, as
-- their costs cannot be compared. Submitted runs have a job id each: what they cost is added up to their series.
SELECT
  c.series_key, coalesce(j.name, c.series_key) AS name, coalesce(j.team, '') AS team, j.owner, j.tier, j.url,
  c.currency_code, c.list_cost, c.previous_list_cost, c.list_cost - c.previous_list_cost AS rise
FROM (
  SELECT
    d.workspace_id, coalesce(r.series_key, concat(d.workspace_id, '/', d.job_id)) AS series_key, d.currency_code,
    sum(CASE WHEN d.usage_date >= CAST(:first_day AS DATE) THEN d.list_cost ELSE 0 END) AS list_cost,
    sum(CASE WHEN d.usage_date < CAST(:first_day AS DATE) THEN d.list_cost ELSE 0 END) AS previous_list_cost,
    sum(abs(d.unpriced_quantity)) AS unpriced_quantity
  FROM gold.cost_daily d
  LEFT JOIN (
    SELECT DISTINCT s.workspace_id, s.job_id, s.series_key
    FROM gold.run_history s
    WHERE s.series_key <> concat(s.workspace_id, '/', s.job_id)
  ) r ON r.workspace_id = d.workspace_id AND r.job_id = d.job_id
  WHERE d.job_id <> ''
    AND d.usage_date BETWEEN CAST(:previous_first_day AS DATE) AND CAST(:last_day AS DATE)
  GROUP BY d.workspace_id, coalesce(r.series_key, concat(d.workspace_id, '/', d.job_id)), d.currency_code
) c
LEFT JOIN gold.jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
WHERE c.unpriced_quantity = 0 AND c.list_cost > c.previous_list_cost
ORDER BY rise DESC, c.series_key
