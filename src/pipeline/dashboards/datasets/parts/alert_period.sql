-- The days that are shown of alerts, which go on after the last night: they have no end where none is chosen.
SELECT p.first_day, coalesce(CAST(:date.max AS DATE), CAST('9999-12-31' AS DATE)) AS last_day
FROM period p
