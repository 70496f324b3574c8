-- What forecasts said that runs would lie below, and how many did: one row a quantile, each job by its scored runs.
SELECT
  concat(CAST(CAST(100 * c.level AS INT) AS STRING), ' %') AS quantile, c.level AS said,
  sum(c.covered_share * c.scored_runs) / sum(c.scored_runs) AS came, sum(c.scored_runs) AS runs, count(*) AS jobs
FROM forecast_coverage c
JOIN shown_jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
GROUP BY c.level
ORDER BY c.level
