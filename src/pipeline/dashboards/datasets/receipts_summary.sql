-- One row: the misses that were said of runs of the days shown, as the sum of their probabilities, and those that came.
SELECT
  coalesce(sum(CASE WHEN k.is_shown THEN k.probability END), CAST(0 AS DOUBLE)) AS said,
  coalesce(sum(CASE WHEN k.is_shown THEN k.came END), 0) AS came,
  count(CASE WHEN k.is_shown THEN 1 END) AS runs,
  count(CASE WHEN k.is_shown AND k.probability >= 0.5 THEN 1 END) AS called_likely,
  count(CASE WHEN k.is_shown AND k.probability >= 0.5 AND k.came = 1 THEN 1 END) AS likely_that_came,
  count(CASE WHEN k.is_shown AND k.probability < 0.5 AND k.came = 1 THEN 1 END) AS came_uncalled,
  avg(CASE WHEN k.is_shown THEN (k.probability - k.came) * (k.probability - k.came) END) AS brier,
  avg(CASE WHEN NOT k.is_shown THEN (k.probability - k.came) * (k.probability - k.came) END) AS previous_brier
FROM known_statements k
