-- List cost of the last 30 days that were billed in full, by job; usage that belongs to no job is left out.
-- Submitted runs have a job id each: what they cost is added up to the series that they are of.
SELECT
  j.workspace_id, c.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  c.currency_code, c.list_cost, c.unpriced_quantity, c.unpriced_unit, c.days_with_usage,
  CAST(:last_cost_day AS DATE) AS last_cost_day
FROM (
  SELECT
    d.workspace_id, coalesce(r.series_key, concat(d.workspace_id, '/', d.job_id)) AS series_key, d.currency_code,
    sum(d.list_cost) AS list_cost, sum(d.unpriced_quantity) AS unpriced_quantity,
    CASE WHEN min(d.unpriced_unit) = max(d.unpriced_unit) THEN min(d.unpriced_unit)
         WHEN min(d.unpriced_unit) IS NOT NULL THEN 'several units' END AS unpriced_unit,
    count(DISTINCT d.usage_date) AS days_with_usage
  FROM gold.cost_daily d
  LEFT JOIN (
    SELECT DISTINCT s.workspace_id, s.job_id, s.series_key
    FROM silver.runs s
    WHERE s.series_key <> concat(s.workspace_id, '/', s.job_id)
  ) r ON r.workspace_id = d.workspace_id AND r.job_id = d.job_id
  WHERE d.job_id <> ''
    AND d.usage_date <= CAST(:last_cost_day AS DATE)
    AND d.usage_date > CAST(:last_cost_day AS DATE) - INTERVAL '30' DAY
  GROUP BY d.workspace_id, coalesce(r.series_key, concat(d.workspace_id, '/', d.job_id)), d.currency_code
) c
LEFT JOIN gold.jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
ORDER BY c.list_cost DESC, c.series_key
