-- Each figure and how it has moved, in a sentence.
SELECT w.figure, w.sentence
FROM (
  SELECT
    stack(
      4,
      1, 'Success rate',
      CASE
        WHEN r.success_rate IS NULL THEN 'No run has ended in these days.'
        WHEN r.previous_success_rate IS NULL
          THEN concat(format_number(100 * r.success_rate, 1), ' % of runs succeeded; nothing is known of the period before.')
        ELSE concat(
          format_number(100 * r.success_rate, 1), ' % of runs succeeded, ',
          CASE
            WHEN abs(r.success_rate - r.previous_success_rate) < 0.0005 THEN 'as many as'
            ELSE concat(
              format_number(100 * abs(r.success_rate - r.previous_success_rate), 1),
              CASE WHEN r.success_rate > r.previous_success_rate THEN ' points more than' ELSE ' points less than' END)
          END,
          ' in the period before.')
      END,
      2, 'SLA compliance',
      CASE
        WHEN r.sla_compliance IS NULL THEN 'No SLA was decided in these days.'
        WHEN r.previous_sla_compliance IS NULL
          THEN concat(format_number(100 * r.sla_compliance, 1), ' % of SLAs were kept, ', format_number(r.misses, 0), ' were missed.')
        ELSE concat(
          format_number(100 * r.sla_compliance, 1), ' % of SLAs were kept, ',
          format_number(r.misses, 0), ' were missed: ',
          CASE
            WHEN abs(r.sla_compliance - r.previous_sla_compliance) < 0.0005 THEN 'as well as'
            ELSE concat(
              format_number(100 * abs(r.sla_compliance - r.previous_sla_compliance), 1),
              CASE WHEN r.sla_compliance > r.previous_sla_compliance THEN ' points better than' ELSE ' points worse than' END)
          END,
          ' in the period before.')
      END,
      3, 'List cost',
      CASE
        WHEN c.list_cost IS NULL THEN 'No day of these is billed in full.'
        WHEN c.previous_list_cost IS NULL OR c.previous_list_cost = 0
          THEN concat(format_number(c.list_cost, 2), ' ', n.currency_code, ' at list prices; costs do not reach back to compare them.')
        ELSE concat(
          format_number(c.list_cost, 2), ' ', n.currency_code, ' at list prices, ',
          format_number(100 * abs(c.list_cost / c.previous_list_cost - 1), 1),
          CASE WHEN c.list_cost >= c.previous_list_cost THEN ' % more' ELSE ' % less' END, ' than in the period before.')
      END,
      4, 'Attributed to a team',
      CASE
        WHEN c.attributed_share IS NULL THEN 'There is no cost to attribute.'
        ELSE concat(
          'A tag names the team of ', format_number(100 * c.attributed_share, 1), ' % of the list cost; ',
          format_number((1 - c.attributed_share) * c.list_cost, 2), ' ', n.currency_code, ' is unattributed.')
      END
    ) AS (place, figure, sentence)
  FROM reliability r
  CROSS JOIN costs c
  CROSS JOIN billed n
) w
ORDER BY w.place
