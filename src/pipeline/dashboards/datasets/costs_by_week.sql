-- The last 13 times 7 days to the last day shown that was billed in full: list cost, and the share of it that is
-- somebody's.
SELECT
  w.week_to, CAST(sum(w.list_cost) AS DOUBLE) AS list_cost,
  CAST(sum(CASE WHEN w.attribution <> 'none' THEN w.list_cost ELSE 0 END) AS DOUBLE)
    / nullif(CAST(sum(w.list_cost) AS DOUBLE), 0) AS attributed_share
FROM (
  SELECT
    date_sub(p.last_day, 7 * CAST(floor(datediff(p.last_day, c.usage_date) / 7) AS INT)) AS week_to,
    c.attribution, c.list_cost, p.first_usage_day
  FROM shown_costs c
  CROSS JOIN cost_period p
  WHERE c.usage_date BETWEEN date_sub(p.last_day, 90) AND p.last_day
) w
WHERE date_sub(w.week_to, 6) >= w.first_usage_day
GROUP BY w.week_to
ORDER BY w.week_to
