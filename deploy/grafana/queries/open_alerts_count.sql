SELECT count(*) AS alerts FROM alerts WHERE kind IN ('opened', 'updated', 'contested') AND watch IN (${watch:sqlstring})
