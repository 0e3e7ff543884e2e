SELECT count(*) AS alerts
FROM open_alerts
WHERE watch IN (${watch:sqlstring})
