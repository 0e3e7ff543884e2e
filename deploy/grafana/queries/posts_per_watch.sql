SELECT $__timeGroupAlias(observed_at, $__interval), watch AS metric, count(*) AS value
FROM post_watches
WHERE $__timeFilter(observed_at) AND watch IN (${watch:sqlstring})
GROUP BY 1, 2
ORDER BY 1, 2
