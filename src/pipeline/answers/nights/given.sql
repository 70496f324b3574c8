-- What the last night gave to each step: the time it speaks of, the last day billed in full.
SELECT p.reader, p.input, p.position
FROM ops.positions p
WHERE p.input IN ('as_of', 'last_cost_day')
