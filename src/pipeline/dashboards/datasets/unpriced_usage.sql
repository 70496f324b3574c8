-- Usage of the days shown that has no list price, which no cost on this page holds.
SELECT
  c.product, c.team, c.unpriced_unit AS unit, CAST(sum(c.unpriced_quantity) AS DOUBLE) AS quantity,
  min(c.usage_date) AS first_day, max(c.usage_date) AS last_day
FROM shown_costs c
CROSS JOIN cost_period p
WHERE c.usage_date BETWEEN p.first_day AND p.last_day AND c.unpriced_quantity <> 0
GROUP BY c.product, c.team, c.unpriced_unit
ORDER BY quantity DESC, c.product, c.team
