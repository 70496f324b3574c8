-- What the last night could not answer, and why, most jobs first.
SELECT a.question, a.status, a.reason, a.jobs
FROM night_assessments a
JOIN (SELECT max(b.night_id) AS night_id FROM night_assessments b) l ON l.night_id = a.night_id
WHERE a.status <> 'ok'
ORDER BY a.jobs DESC, a.question, a.reason
