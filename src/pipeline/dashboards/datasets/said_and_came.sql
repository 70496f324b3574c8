-- What was said of the last 7 and of all days shown, and what came, in a sentence each.
SELECT
  w.days,
  CASE
    WHEN w.runs = 0 THEN 'Nothing that was said of runs of these days is known yet.'
    ELSE concat(
      'We said ', format_number(w.said, 0), ' misses of ', format_number(w.runs, 0), ' runs, ', format_number(w.came, 0),
      ' came.',
      CASE
        WHEN w.called_likely = 0 THEN ' We called no run likely to miss.'
        ELSE concat(
          ' Of ', format_number(w.called_likely, 0), ' runs that we called likely to miss, ',
          format_number(w.likely_that_came, 0), ' did.')
      END)
  END AS sentence
FROM (
  SELECT
    1 AS place, 'Last 7 days' AS days, count(*) AS runs, coalesce(sum(k.probability), CAST(0 AS DOUBLE)) AS said,
    coalesce(sum(k.came), 0) AS came, count(CASE WHEN k.probability >= 0.5 THEN 1 END) AS called_likely,
    count(CASE WHEN k.probability >= 0.5 AND k.came = 1 THEN 1 END) AS likely_that_came
  FROM known_statements k
  WHERE k.is_of_last_week
  UNION ALL
  SELECT
    2 AS place, 'Days shown' AS days, count(*) AS runs, coalesce(sum(k.probability), CAST(0 AS DOUBLE)) AS said,
    coalesce(sum(k.came), 0) AS came, count(CASE WHEN k.probability >= 0.5 THEN 1 END) AS called_likely,
    count(CASE WHEN k.probability >= 0.5 AND k.came = 1 THEN 1 END) AS likely_that_came
  FROM known_statements k
  WHERE k.is_shown
) w
ORDER BY w.place
