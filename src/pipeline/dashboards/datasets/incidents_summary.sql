-- One row: what is open by tier, what people were told of, and what is held.
SELECT
  i.open_p1, i.open_p2, i.open_p3, i.told, i.told_before, i.held, i.comes_and_goes, s.silences,
  concat(date_format(t.known_at, 'yyyy-MM-dd HH:mm'), ' UTC') AS known_to
FROM (
  SELECT
    count(CASE WHEN n.state = 'open' AND n.tier = '1' THEN 1 END) AS open_p1,
    count(CASE WHEN n.state = 'open' AND n.tier = '2' THEN 1 END) AS open_p2,
    count(CASE WHEN n.state = 'open' AND n.tier = '3' THEN 1 END) AS open_p3,
    count(CASE WHEN n.told_at > a.known_at - INTERVAL '7' DAY THEN 1 END) AS told,
    count(CASE WHEN n.told_at <= a.known_at - INTERVAL '7' DAY AND n.told_at > a.known_at - INTERVAL '14' DAY THEN 1 END)
      AS told_before,
    count(CASE WHEN n.state <> 'over' AND n.held_by <> '' THEN 1 END) AS held,
    count(CASE WHEN n.state = 'open' AND n.returns > 0 THEN 1 END) AS comes_and_goes
  FROM shown_incidents n
  CROSS JOIN alert_time a
) i
CROSS JOIN (SELECT count(*) AS silences FROM said_in_force f WHERE f.kind = 'silence') s
CROSS JOIN alert_time t
