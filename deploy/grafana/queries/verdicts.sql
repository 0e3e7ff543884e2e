WITH held AS ( -- the verdict in force: that of the last dismissal, unless the alert was reopened after it
    SELECT DISTINCT ON (alert_id) alert_id, verdict
    FROM alert_acts
    WHERE kind = 'reopened' OR verdict <> ''
    ORDER BY alert_id, at DESC, id DESC
), acted AS (
    SELECT alert_id, min(at) AS at FROM alert_acts GROUP BY alert_id
), told AS (
    SELECT alert_id, min(sent_at) AS at FROM outbox GROUP BY alert_id
), confirmed AS (
    SELECT alert_id, min(at) AS at FROM alert_events WHERE kind = 'corroborated' GROUP BY alert_id
)
SELECT
    alerts.watch AS "Watch",
    alerts.rule AS "Rule",
    count(*) AS "Alerts",
    count(*) FILTER (WHERE held.verdict = 'useful') AS "Useful",
    count(*) FILTER (WHERE held.verdict = 'known') AS "Known",
    count(*) FILTER (WHERE held.verdict = 'noise') AS "Noise",
    avg(CASE WHEN held.verdict = 'noise' THEN 0 WHEN held.verdict <> '' THEN 1 END)::double precision AS "Precision",
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY greatest(extract(epoch FROM acted.at - coalesce(told.at, alerts.opened_at))::double precision, 0)
    ) FILTER (WHERE acted.at IS NOT NULL) AS "Time to acknowledge",
    count(confirmed.at) AS "Corroborated",
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM confirmed.at - alerts.opened_at)::double precision
    ) FILTER (WHERE confirmed.at IS NOT NULL) AS "Lead"
FROM alerts
LEFT JOIN held ON held.alert_id = alerts.id
LEFT JOIN acted ON acted.alert_id = alerts.id
LEFT JOIN told ON told.alert_id = alerts.id
LEFT JOIN confirmed ON confirmed.alert_id = alerts.id
WHERE $__timeFilter(alerts.opened_at) AND alerts.watch IN (${watch:sqlstring})
GROUP BY alerts.watch, alerts.rule
ORDER BY alerts.watch, alerts.rule
