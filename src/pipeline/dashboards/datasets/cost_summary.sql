-- One row: list cost of the days shown beside as many days before, and how much of it is known to be somebody's.
SELECT
  c.list_cost, c.previous_list_cost, c.daily_cost, c.attributed_share, c.previous_attributed_share,
  c.jobs, c.unpriced_products
FROM costs c
