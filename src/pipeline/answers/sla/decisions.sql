-- The newest decision about the SLA of each job.
SELECT d.subject AS series_key, d.decided_at, d.decided_by, d.source, d.terms, d.evidence
FROM (
  SELECT
    o.subject, o.decided_at, o.decided_by, o.source, o.terms, o.evidence,
    row_number() OVER (PARTITION BY o.subject ORDER BY o.decided_at DESC) AS place
  FROM ops.decisions o
  WHERE o.kind = 'sla'
) d
WHERE d.place = 1
ORDER BY d.subject
