-- Incidents by the day on which people were first told of them, and the tier that they were told with.
SELECT i.told_date, concat('P', i.told_tier) AS told_tier, count(*) AS incidents
FROM shown_incidents i
CROSS JOIN alert_period p
WHERE i.told_date BETWEEN p.first_day AND p.last_day
GROUP BY i.told_date, i.told_tier
ORDER BY told_date, told_tier
