-- List cost of the job on each of the days shown that were billed in full, by product.
SELECT
  c.usage_date, CASE WHEN c.product = '' THEN '(none)' ELSE c.product END AS product,
  CAST(sum(c.list_cost) AS DOUBLE) AS list_cost
FROM cost_daily c
JOIN job_ids i ON i.workspace_id = c.workspace_id AND i.job_id = c.job_id
CROSS JOIN cost_period p
WHERE c.usage_date BETWEEN p.first_day AND p.last_day
GROUP BY c.usage_date, CASE WHEN c.product = '' THEN '(none)' ELSE c.product END
ORDER BY c.usage_date, product
