-- As of when the last night speaks.
SELECT max(a.as_of) AS as_of, CAST(max(a.as_of) AS DATE) AS as_of_day FROM night_steps a
