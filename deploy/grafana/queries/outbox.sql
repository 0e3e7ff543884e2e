SELECT
    destination AS "Destination",
    state AS "State",
    count(*) AS "Events",
    max(attempts) AS "Tries",
    min(at) AS "Oldest",
    max(nullif(reason, '')) AS "Why"
FROM outbox
GROUP BY 1, 2
ORDER BY 1, 2
