-- One row: how the runs of the days shown ended, and whether they kept their SLA, beside as many days before.
SELECT
  r.success_rate, r.previous_success_rate, r.sla_compliance, r.previous_sla_compliance,
  r.runs, r.previous_runs, r.misses, r.previous_misses
FROM reliability r
