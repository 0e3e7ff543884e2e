SELECT count(DISTINCT uid) AS posts
FROM post_watches
WHERE $__timeFilter(observed_at) AND watch IN (${watch:sqlstring})
