-- The nights that answered anything anew, the latest first: how long they took and what they wrote.
SELECT
  s.night_id, max(s.as_of) AS as_of, sum(s.seconds) AS step_seconds, sum(s.rows_read) AS rows_read,
  sum(s.inserted + s.updated + s.deleted) AS rows_written, sum(s.rejected) AS rows_quarantined
FROM gold.night_steps s
GROUP BY s.night_id
HAVING max(CASE WHEN s.step = 'job_verdicts' THEN 1 ELSE 0 END) = 1
ORDER BY s.night_id DESC
