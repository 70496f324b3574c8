-- The same for costs, which end with the last day that was billed in full; they can be compared where they reach back so
-- far.
SELECT
  p.first_day, p.last_day,
  date_sub(p.first_day, CAST(datediff(p.last_day, p.first_day) AS INT) + 1) AS previous_first_day,
  date_sub(p.first_day, 1) AS previous_last_day, b.first_usage_day,
  date_sub(p.first_day, CAST(datediff(p.last_day, p.first_day) AS INT) + 1) >= b.first_usage_day AS is_comparable
FROM (
  SELECT
    coalesce(CAST(:date.min AS DATE), date_sub(least(coalesce(CAST(:date.max AS DATE), n.last_cost_day), n.last_cost_day), 29))
      AS first_day,
    least(coalesce(CAST(:date.max AS DATE), n.last_cost_day), n.last_cost_day) AS last_day
  FROM billed n
) p
CROSS JOIN (SELECT min(u.usage_date) AS first_usage_day FROM cost_daily u) b
