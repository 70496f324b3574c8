-- Silences in force, whatever is filtered: what is silenced, by whom, why and until when; those that end first.
SELECT
  substring_index(s.subject, ':', 1) AS kind,
  coalesce(j.name, i.headline, substring(s.subject, locate(':', s.subject) + 1)) AS name,
  s.decided_by, s.why, s.decided_at, s.until_at, s.subject, j.series_key, j.url
FROM said_in_force s
LEFT JOIN job_of_key j ON concat('job:', j.series_key) = s.subject
LEFT JOIN ops.incidents i ON concat('incident:', i.incident_id) = s.subject
WHERE s.kind = 'silence'
ORDER BY s.until_at, s.subject
