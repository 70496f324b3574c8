-- How much each team hears, the most first: pages are incidents told within 7 days but for those of P1, as a budget counts.
SELECT
  a.team, sum(a.is_open) AS open, sum(a.is_held) AS held, sum(a.is_page) AS pages, sum(a.is_p1) AS told_p1,
  sum(a.is_told) AS told, sum(a.is_back) AS came_back, sum(a.is_message) AS messages
FROM (
  SELECT
    i.team,
    CASE WHEN i.state = 'open' THEN 1 ELSE 0 END AS is_open,
    CASE WHEN i.state <> 'over' AND i.held_by <> '' THEN 1 ELSE 0 END AS is_held,
    CASE WHEN i.told_at > t.known_at - INTERVAL '7' DAY AND i.told_tier <> 1 THEN 1 ELSE 0 END AS is_page,
    CASE WHEN i.told_at > t.known_at - INTERVAL '7' DAY AND i.told_tier = 1 THEN 1 ELSE 0 END AS is_p1,
    CASE WHEN i.told_date BETWEEN p.first_day AND p.last_day THEN 1 ELSE 0 END AS is_told,
    CASE WHEN i.told_date BETWEEN p.first_day AND p.last_day AND i.returns > 0
      THEN 1 ELSE 0 END AS is_back,
    0 AS is_message
  FROM shown_incidents i
  CROSS JOIN alert_time t
  CROSS JOIN alert_period p
  UNION ALL
  SELECT m.team, 0, 0, 0, 0, 0, 0, 1
  FROM shown_messages m
  CROSS JOIN alert_period p
  WHERE m.decided_date BETWEEN p.first_day AND p.last_day
) a
GROUP BY a.team
HAVING sum(a.is_open + a.is_held + a.is_page + a.is_p1 + a.is_told + a.is_message) > 0
ORDER BY pages DESC, told DESC, messages DESC, a.team
