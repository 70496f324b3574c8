-- One row: list cost of the days shown beside as many days before, and how much of it is known to be somebody's.
SELECT
  CAST(s.list_cost AS DOUBLE) AS list_cost,
  CASE WHEN s.is_comparable THEN CAST(s.previous_list_cost AS DOUBLE) END AS previous_list_cost,
  CAST(s.list_cost AS DOUBLE) / s.days AS daily_cost,
  CAST(s.attributed AS DOUBLE) / nullif(CAST(s.list_cost AS DOUBLE), 0) AS attributed_share,
  CAST(s.previous_attributed AS DOUBLE) / nullif(CAST(s.previous_list_cost AS DOUBLE), 0) AS previous_attributed_share,
  s.jobs, s.unpriced_products
FROM (
  SELECT
    max(CAST(datediff(p.last_day, p.first_day) AS INT) + 1) AS days,
    max(p.is_comparable) AS is_comparable,
    sum(CASE WHEN c.usage_date >= p.first_day THEN c.list_cost ELSE 0 END) AS list_cost,
    sum(CASE WHEN c.usage_date < p.first_day THEN c.list_cost ELSE 0 END) AS previous_list_cost,
    sum(CASE WHEN c.usage_date >= p.first_day AND c.attribution <> 'none' THEN c.list_cost ELSE 0 END) AS attributed,
    sum(CASE WHEN c.usage_date < p.first_day AND c.attribution <> 'none' THEN c.list_cost ELSE 0 END)
      AS previous_attributed,
    count(DISTINCT CASE WHEN c.usage_date >= p.first_day AND c.job_id <> '' THEN c.series_key END)
      AS jobs,
    count(DISTINCT CASE WHEN c.usage_date >= p.first_day AND c.unpriced_quantity <> 0 THEN c.product END)
      AS unpriced_products
  FROM shown_costs c
  CROSS JOIN cost_period p
  WHERE c.usage_date BETWEEN p.previous_first_day AND p.last_day
) s
