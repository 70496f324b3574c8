-- What was said of these days and what came of it, by team: misses foretold of runs whose end is known, as the sum of their
-- probabilities, and flags that a person has since called an incident or as expected.
SELECT
  coalesce(j.team, '') AS team,
  sum(CASE WHEN r.kind = 'run_miss' AND r.outcome IN ('came', 'did_not_come') THEN r.probability ELSE 0.0 END) AS said_misses,
  count(CASE WHEN r.kind = 'run_miss' AND r.outcome IN ('came', 'did_not_come') THEN 1 END) AS known_runs,
  count(CASE WHEN r.kind = 'run_miss' AND r.outcome = 'came' THEN 1 END) AS misses_that_came,
  count(CASE WHEN r.kind = 'run_miss' AND r.outcome IN ('came', 'did_not_come') AND r.probability >= 0.5 THEN 1 END)
    AS called_likely,
  count(CASE WHEN r.kind = 'run_miss' AND r.outcome = 'came' AND r.probability >= 0.5 THEN 1 END) AS likely_that_came,
  count(CASE WHEN r.kind = 'run_miss' AND r.outcome = 'not_known_yet' THEN 1 END) AS open_runs,
  count(CASE WHEN r.kind = 'flag' THEN 1 END) AS flags,
  count(CASE WHEN r.kind = 'flag' AND r.outcome = 'came' THEN 1 END) AS incidents,
  count(CASE WHEN r.kind = 'flag' AND r.outcome = 'did_not_come' THEN 1 END) AS expected_flags
FROM gold.receipts r
LEFT JOIN gold.jobs j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
WHERE r.open_from BETWEEN CAST(:first_day AS DATE) AND CAST(:last_day AS DATE)
GROUP BY coalesce(j.team, '')
ORDER BY team
