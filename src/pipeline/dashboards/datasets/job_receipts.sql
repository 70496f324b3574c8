-- What was said of the job in the days shown, and what came of it, the latest first.
SELECT
  r.night_at,
  CASE r.kind
    WHEN 'run_miss' THEN concat('its run misses the SLA with ', format_number(100 * r.probability, 0), ' %')
    WHEN 'flag' THEN 'its run is unlike it'
    ELSE concat('a usual run will not fit its SLA from ', CAST(r.expected_on AS STRING))
  END AS said,
  CASE r.outcome
    WHEN 'came' THEN 'it came so'
    WHEN 'did_not_come' THEN 'it did not'
    WHEN 'not_known_yet' THEN 'not known yet'
    ELSE 'nobody knows'
  END AS outcome,
  r.expected_start_at, r.outcome_seconds / 60 AS minutes, coalesce(r.outcome_run_id, r.run_id) AS run_id,
  concat(j.url, '/runs/', coalesce(r.outcome_run_id, r.run_id)) AS run_url
FROM receipts r
JOIN shown_job j ON j.workspace_id = r.workspace_id AND j.series_key = r.series_key
CROSS JOIN period p
WHERE r.open_from BETWEEN p.first_day AND p.last_day
ORDER BY r.night_at DESC, r.statement_id
