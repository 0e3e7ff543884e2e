SELECT
    alerts.at AS "Since",
    alerts.watch AS "Watch",
    alerts.headline AS "Headline",
    alerts.kind AS "Step",
    stories.state AS "Corroboration",
    stories.posts AS "Posts",
    stories.accounts AS "Accounts",
    round(stories.independent::numeric, 2) AS "Independent origins",
    alert_events.body ->> 'link' AS "Evidence"
FROM alerts
JOIN alert_events ON alert_events.alert_id = alerts.id AND alert_events.seq = alerts.seq
LEFT JOIN stories ON stories.id = alerts.story
WHERE alerts.kind IN ('opened', 'updated', 'contested') AND alerts.watch IN (${watch:sqlstring})
ORDER BY alerts.at DESC, alerts.id
LIMIT 50
