-- The first days that are known: of runs, and of usage.
SELECT r.first_run_day, u.first_usage_day
FROM (SELECT min(d.run_date) AS first_run_day FROM gold.job_daily d) r
CROSS JOIN (SELECT min(c.usage_date) AS first_usage_day FROM gold.team_cost_daily c) u
