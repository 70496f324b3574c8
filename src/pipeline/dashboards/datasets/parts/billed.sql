-- The last day that was billed in full, and the currency of all money.
SELECT max(t.last_cost_day) AS last_cost_day, max(t.currency_code) AS currency_code FROM job_trends t
