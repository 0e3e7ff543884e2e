SELECT language AS "Language", count(DISTINCT uid) AS "Posts"
FROM post_watches
WHERE $__timeFilter(observed_at) AND watch IN (${watch:sqlstring})
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 15
