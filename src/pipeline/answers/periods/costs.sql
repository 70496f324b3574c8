-- List cost by team and day; the empty team is unattributed.
SELECT
  c.team, c.usage_date AS day, c.currency_code, c.list_cost, c.unpriced_quantity, c.unpriced_unit
FROM gold.team_cost_daily c
WHERE c.usage_date BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
ORDER BY c.team, c.usage_date, c.currency_code
