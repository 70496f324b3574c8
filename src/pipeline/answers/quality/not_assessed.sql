-- How many jobs had no answer in the last night, by question and reason.
SELECT a.question, a.status, a.jobs, a.reason
FROM gold.night_assessments a
WHERE a.night_id = (SELECT max(n.night_id) FROM gold.night_assessments n)
ORDER BY a.question, a.jobs DESC, a.reason
