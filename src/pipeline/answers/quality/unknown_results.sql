-- Result words that nobody knows, with the attempts that ended so: they teach nothing. What is no plain
-- word is counted, but not repeated.
SELECT a.result_state, count(*) AS attempts, count(DISTINCT a.series_key) AS jobs, max(a.ended_at) AS last_seen_at
FROM (
  SELECT
    CASE WHEN regexp_like(upper(trim(t.unknown_result)), '^[A-Z_]{1,40}$') THEN upper(trim(t.unknown_result))
         ELSE '(no plain word)' END AS result_state,
    t.series_key, t.ended_at
  FROM silver.attempts t
  WHERE t.status = 'UNKNOWN'
) a
GROUP BY a.result_state
ORDER BY attempts DESC, a.result_state
