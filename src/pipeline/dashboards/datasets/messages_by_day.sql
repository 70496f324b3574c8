-- Messages by the day on which they were decided, and why they are sent.
SELECT m.decided_date, m.kind, count(*) AS messages
FROM shown_messages m
CROSS JOIN alert_period p
WHERE m.decided_date BETWEEN p.first_day AND p.last_day
GROUP BY m.decided_date, m.kind
ORDER BY decided_date, kind
