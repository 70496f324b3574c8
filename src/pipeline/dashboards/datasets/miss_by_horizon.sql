-- The same by how far ahead of the run it was said: a quarter of a day a row.
SELECT
  concat(
    lpad(CAST(6 * k.quarter_days_ahead AS STRING), 2, '0'), ' to ', lpad(CAST(6 * k.quarter_days_ahead + 6 AS STRING), 2, '0'), ' h'
  ) AS ahead,
  avg(k.probability) AS said, avg(CAST(k.came AS DOUBLE)) AS came, count(*) AS runs,
  avg((k.probability - k.came) * (k.probability - k.came)) AS brier
FROM known_statements k
WHERE k.is_shown
GROUP BY k.quarter_days_ahead
ORDER BY k.quarter_days_ahead
