-- The days that are shown, 30 to the last night's where none are chosen, and as many before them.
SELECT
  p.first_day, p.last_day,
  date_sub(p.first_day, CAST(datediff(p.last_day, p.first_day) AS INT) + 1) AS previous_first_day,
  date_sub(p.first_day, 1) AS previous_last_day
FROM (
  SELECT
    coalesce(CAST(:date.min AS DATE), date_sub(least(coalesce(CAST(:date.max AS DATE), n.as_of_day), n.as_of_day), 29))
      AS first_day,
    least(coalesce(CAST(:date.max AS DATE), n.as_of_day), n.as_of_day) AS last_day
  FROM night n
) p
