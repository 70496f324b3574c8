-- What the last night says of a job that the night before did not.
SELECT
  CASE v.question
    WHEN 'failing' THEN 'fails'
    WHEN 'likely_to_miss' THEN 'will miss its SLA'
    WHEN 'unlike_itself' THEN 'is unlike itself'
    ELSE 'its size'
  END AS question,
  v.verdict, v.previous_verdict, j.name, j.team, j.owner, j.tier, v.since_at, j.series_key, j.url
FROM job_verdicts v
JOIN shown_jobs j ON j.workspace_id = v.workspace_id AND j.series_key = v.series_key
JOIN (SELECT max(w.since_at) AS since_at FROM job_verdicts w) l ON l.since_at = v.since_at
JOIN night n ON n.as_of = v.since_at
WHERE v.previous_verdict IS NOT NULL
ORDER BY j.tier, v.question, j.series_key
