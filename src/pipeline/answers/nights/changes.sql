-- What was said of a job in the last night and not in the night before.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  v.question, v.verdict, v.previous_verdict, v.since_at
FROM gold.job_verdicts v
JOIN gold.jobs j ON j.workspace_id = v.workspace_id AND j.series_key = v.series_key
WHERE v.previous_verdict IS NOT NULL
  AND v.since_at = (SELECT max(w.since_at) FROM gold.job_verdicts w)
  AND v.since_at = (
    SELECT max(s.as_of) FROM gold.night_steps s
    WHERE s.night_id = (SELECT max(n.night_id) FROM gold.night_steps n)
  )
ORDER BY j.tier ASC NULLS LAST, v.question, j.series_key
