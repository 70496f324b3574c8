-- List cost of each day shown, by team, product and how the team is known.
SELECT
  c.usage_date, c.team, c.product, c.attribution, CAST(sum(c.list_cost) AS DOUBLE) AS list_cost
FROM shown_costs c
CROSS JOIN cost_period p
WHERE c.usage_date BETWEEN p.first_day AND p.last_day
GROUP BY c.usage_date, c.team, c.product, c.attribution
ORDER BY c.usage_date, c.team, c.product, c.attribution
