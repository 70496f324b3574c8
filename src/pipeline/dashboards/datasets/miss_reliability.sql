-- Of runs of the days shown by how likely to miss they were said to be, how many missed: a tenth of probability a row.
SELECT
  avg(k.probability) AS said, avg(CAST(k.came AS DOUBLE)) AS came, avg(k.probability) AS as_said,
  count(*) AS runs, sum(k.came) AS misses
FROM known_statements k
WHERE k.is_shown
GROUP BY least(CAST(floor(10 * k.probability) AS INT), 9)
ORDER BY said
