-- What holds and nobody is told of at once, and why; the most critical first.
SELECT
  i.tier, i.headline, i.name, i.team, i.owner, i.began_at,
  CASE
    WHEN i.held_by LIKE 'maintenance%' THEN 'maintenance'
    WHEN i.held_by LIKE 'silence%' THEN 'silence'
    WHEN i.held_by LIKE 'late source%' THEN 'late source'
    ELSE 'another incident'
  END AS held_by,
  coalesce(h.headline, i.held_by) AS why, i.address, i.series_key, i.url
FROM shown_incidents i
LEFT JOIN named_incidents h ON concat('incident ', h.incident_id) = i.held_by
WHERE i.state <> 'over' AND i.held_by <> ''
ORDER BY i.tier, i.began_at DESC, i.incident_id
