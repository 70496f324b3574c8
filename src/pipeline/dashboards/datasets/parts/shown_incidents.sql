-- The incidents that the filters leave.
SELECT i.*
FROM named_incidents i
WHERE (:workspace IS NULL OR size(CAST(:workspace AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:workspace AS ARRAY<STRING>), i.workspace))
  AND (:team IS NULL OR size(CAST(:team AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:team AS ARRAY<STRING>), i.team))
  AND (:owner IS NULL OR size(CAST(:owner AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:owner AS ARRAY<STRING>), i.owner))
  AND (:tier IS NULL OR size(CAST(:tier AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:tier AS ARRAY<STRING>), i.tier))
