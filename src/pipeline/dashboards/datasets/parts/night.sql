-- As of when the last night speaks, the last day that was billed in full, and the currency of all money.
SELECT s.as_of, CAST(s.as_of AS DATE) AS as_of_day, c.last_cost_day, c.currency_code
FROM (SELECT max(a.as_of) AS as_of FROM night_steps a) s
CROSS JOIN (SELECT max(t.last_cost_day) AS last_cost_day, max(t.currency_code) AS currency_code FROM job_trends t) c
