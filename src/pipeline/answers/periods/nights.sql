-- How many nights spoke of a time in these days.
SELECT count(DISTINCT s.night_id) AS nights
FROM gold.night_steps s
WHERE CAST(s.as_of AS DATE) BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
