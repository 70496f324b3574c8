-- Runs of the last 3 of the days shown that were late or slow because of the queue or of their cluster, the longest first.
SELECT
  c.started_at, j.name,
  CASE c.part WHEN 'queue' THEN 'waited in the queue' WHEN 'setup' THEN 'its cluster was slow to start' ELSE 'another cluster' END
    AS problem,
  CAST(c.seconds AS DOUBLE) / 60 AS minutes, c.share, c.actual_seconds / 60 AS actual_minutes,
  c.usual_seconds / 60 AS usual_minutes, c.cluster, c.usual_cluster, j.team, j.owner, c.run_id,
  concat(j.url, '/runs/', c.run_id) AS run_url, j.series_key, j.url
FROM run_causes c
JOIN shown_jobs j ON j.workspace_id = c.workspace_id AND j.series_key = c.series_key
CROSS JOIN period p
WHERE CAST(c.started_at AS DATE) BETWEEN date_sub(p.last_day, 2) AND p.last_day
  AND c.part IN ('queue', 'setup', 'cluster') AND c.seconds > 0
ORDER BY c.seconds DESC, c.run_id, c.part
