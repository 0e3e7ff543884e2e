SELECT
    at AS "Since",
    watch AS "Watch",
    headline AS "Headline",
    kind AS "Step",
    replace(rule, '_', ' ') AS "Rule",
    state AS "Corroboration",
    posts AS "Posts",
    accounts AS "Accounts",
    round(independent::numeric, 2) AS "Independent origins",
    (
        SELECT body ->> 'link' FROM alert_events
        WHERE alert_events.alert_id = open_alerts.id ORDER BY seq DESC LIMIT 1
    ) AS "Evidence"
FROM open_alerts
WHERE watch IN (${watch:sqlstring})
ORDER BY at DESC, id
LIMIT 50
