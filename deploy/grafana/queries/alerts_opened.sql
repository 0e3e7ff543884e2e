SELECT at AS time, body -> 'finding' ->> 'headline' AS text, watch AS tags
FROM alert_events
WHERE kind IN ('opened', 'escalated') AND $__timeFilter(at) AND watch IN (${watch:sqlstring})
ORDER BY at
