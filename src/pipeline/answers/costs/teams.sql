-- List cost of the last 30 days that were billed in full, by team; the empty team is unattributed.
SELECT
  c.team, c.currency_code,
  sum(c.list_cost) AS list_cost, sum(c.by_job_tag) AS by_job_tag, sum(c.by_pipeline_tag) AS by_pipeline_tag,
  sum(c.by_usage_tag) AS by_usage_tag, sum(c.unpriced_quantity) AS unpriced_quantity,
  CASE WHEN min(c.unpriced_unit) = max(c.unpriced_unit) THEN min(c.unpriced_unit)
       WHEN min(c.unpriced_unit) IS NOT NULL THEN 'several units' END AS unpriced_unit,
  max(c.jobs) AS most_jobs_a_day, CAST(:last_cost_day AS DATE) AS last_cost_day
FROM gold.team_cost_daily c
WHERE c.usage_date <= CAST(:last_cost_day AS DATE)
  AND c.usage_date > CAST(:last_cost_day AS DATE) - INTERVAL '30' DAY
GROUP BY c.team, c.currency_code
ORDER BY list_cost DESC, c.team
