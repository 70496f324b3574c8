-- List cost of each job in the days shown, beside as many days before, the dearest first.
SELECT
  j.name, t.team, j.owner, j.tier, CAST(t.list_cost AS DOUBLE) AS list_cost,
  CASE WHEN t.is_comparable THEN CAST(t.previous_list_cost AS DOUBLE) END AS previous_list_cost,
  CASE WHEN t.is_comparable THEN CAST(t.list_cost - t.previous_list_cost AS DOUBLE) END AS change,
  t.days_with_usage, j.series_key, j.url
FROM (
  SELECT
    c.series_key, max(c.team) AS team, max(p.is_comparable) AS is_comparable,
    sum(CASE WHEN c.usage_date >= p.first_day THEN c.list_cost ELSE 0 END) AS list_cost,
    sum(CASE WHEN c.usage_date < p.first_day THEN c.list_cost ELSE 0 END) AS previous_list_cost,
    count(DISTINCT CASE WHEN c.usage_date >= p.first_day THEN c.usage_date END) AS days_with_usage
  FROM shown_costs c
  CROSS JOIN cost_period p
  WHERE c.usage_date BETWEEN p.previous_first_day AND p.last_day AND c.series_key IS NOT NULL
  GROUP BY c.series_key
) t
JOIN named_jobs j ON j.series_key = t.series_key
ORDER BY t.list_cost DESC, j.series_key
