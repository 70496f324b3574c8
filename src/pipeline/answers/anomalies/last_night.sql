-- How many jobs the last night tested and flagged, and how many of these chance alone would flag.
SELECT
  n.night_at, count(*) AS jobs, count(CASE WHEN n.is_flagged THEN 1 END) AS flagged,
  max(n.expected_false_flags) AS expected_false_flags
FROM gold.job_nights n
JOIN (SELECT max(m.night_at) AS night_at FROM gold.job_nights m) l ON l.night_at = n.night_at
GROUP BY n.night_at
