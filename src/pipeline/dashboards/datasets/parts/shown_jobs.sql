-- The jobs that the filters leave.
SELECT n.*
FROM named_jobs n
WHERE (:workspace IS NULL OR size(CAST(:workspace AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:workspace AS ARRAY<STRING>), n.workspace))
  AND (:team IS NULL OR size(CAST(:team AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:team AS ARRAY<STRING>), n.team))
  AND (:owner IS NULL OR size(CAST(:owner AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:owner AS ARRAY<STRING>), n.owner))
  AND (:tier IS NULL OR size(CAST(:tier AS ARRAY<STRING>)) = 0
    OR array_contains(CAST(:tier AS ARRAY<STRING>), n.tier))
