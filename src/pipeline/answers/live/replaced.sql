-- What the Jobs API has shown to hold no more: of runs that the last night saw in progress, of jobs none of whose runs are, and of those that did not come and have begun again.
SELECT 'at_risk' AS condition, i.series_key, i.run_id, l.seen_at AS live_at
FROM gold.in_flight i
JOIN ops.live_runs l ON l.workspace_id = i.workspace_id AND l.run_id = i.run_id
WHERE l.seen_at >= i.seen_until
UNION ALL
SELECT 'at_risk' AS condition, e.series_key, CAST(NULL AS STRING) AS run_id, max(e.seen_at) AS live_at
FROM ops.live_runs e
GROUP BY e.series_key
HAVING count(*) = count(e.ended_at)
UNION ALL
SELECT 'did_not_come' AS condition, r.series_key, CAST(NULL AS STRING) AS run_id, max(r.seen_at) AS live_at
FROM ops.live_runs r
JOIN (SELECT max(n.night_at) AS night_at FROM gold.job_nights n) m ON r.started_at > m.night_at
GROUP BY r.series_key
