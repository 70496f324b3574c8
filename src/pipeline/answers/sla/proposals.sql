-- An SLA for each job without one, important and often-run jobs first.
SELECT
  j.workspace_id, j.series_key, j.name, j.team, j.owner, j.tier, j.state, j.url,
  p.status, p.reason, p.basis, p.sla_kind, p.sla_limit_seconds, p.sla_time_of_day, p.sla_timezone, p.downstream_series_key,
  p.runs, p.met, p.p50_seconds, p.worst_seconds, p.evidence
FROM gold.sla_proposals p
JOIN gold.jobs j ON j.workspace_id = p.workspace_id AND j.series_key = p.series_key
WHERE p.status = 'ok'
ORDER BY j.tier ASC NULLS LAST, p.runs DESC, j.series_key
