SELECT replace(body -> 'finding' ->> 'rule', '_', ' ') AS "Rule", count(DISTINCT alert_id) AS "Alerts"
FROM alert_events
WHERE $__timeFilter(at) AND watch IN (${watch:sqlstring})
GROUP BY 1
ORDER BY 2 DESC, 1
