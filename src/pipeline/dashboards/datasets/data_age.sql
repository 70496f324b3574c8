-- One row: as of when the last night speaks, and up to when costs are whole.
SELECT
  concat(date_format(n.as_of, 'yyyy-MM-dd HH:mm'), ' UTC') AS as_of,
  coalesce(CAST(b.last_cost_day AS STRING), 'no day yet') AS costs_to
FROM night n
CROSS JOIN billed b
