-- The job that is asked for; where none is, of those that the filters leave the one most worth a look: one that fails, an
-- important one, one that runs often.
SELECT o.*
FROM (
  SELECT
    n.*, h.last_status, h.failing_since, h.consecutive_failures, h.is_failing,
    row_number() OVER (
      ORDER BY CASE WHEN h.is_failing THEN 0 ELSE 1 END, n.tier, n.runs DESC, n.series_key
    ) AS place
  FROM named_jobs n
  LEFT JOIN shown_jobs s ON s.workspace_id = n.workspace_id AND s.series_key = n.series_key
  LEFT JOIN job_health h ON h.workspace_id = n.workspace_id AND h.series_key = n.series_key
  WHERE n.series_key = :job OR n.named_key = :job OR (coalesce(:job, '') = '' AND s.series_key IS NOT NULL)
) o
WHERE o.place = 1
