-- List cost of each team in the days shown, beside as many days before, the dearest first.
SELECT
  t.team, CAST(t.list_cost AS DOUBLE) AS list_cost,
  CASE WHEN t.is_comparable THEN CAST(t.previous_list_cost AS DOUBLE) END AS previous_list_cost,
  CASE WHEN t.is_comparable THEN CAST(t.list_cost - t.previous_list_cost AS DOUBLE) END AS change,
  CAST(t.by_tag AS DOUBLE) / nullif(CAST(t.list_cost AS DOUBLE), 0) AS by_job_tag_share, t.jobs
FROM (
  SELECT
    c.team, max(p.is_comparable) AS is_comparable,
    sum(CASE WHEN c.usage_date >= p.first_day THEN c.list_cost ELSE 0 END) AS list_cost,
    sum(CASE WHEN c.usage_date < p.first_day THEN c.list_cost ELSE 0 END) AS previous_list_cost,
    sum(CASE WHEN c.usage_date >= p.first_day AND c.attribution = 'job_tag' THEN c.list_cost ELSE 0 END) AS by_tag,
    count(DISTINCT CASE WHEN c.usage_date >= p.first_day AND c.job_id <> '' THEN c.series_key END)
      AS jobs
  FROM shown_costs c
  CROSS JOIN cost_period p
  WHERE c.usage_date BETWEEN p.previous_first_day AND p.last_day
  GROUP BY c.team
) t
ORDER BY t.list_cost DESC, t.team
