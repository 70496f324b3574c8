-- Only the schema of this frame is looked at: types, nullability, and comments in the fields' metadata.
SELECT * FROM `rightrun`.`silver`.`things`;
