-- By its own number: where another has taken the lease, no row is changed, and that is how it is known.
UPDATE `rightrun`.`ops`.`writers` SET `renewed_at` = current_timestamp()
WHERE `writer` = '0b5c';
