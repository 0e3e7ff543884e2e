SELECT $__timeGroupAlias(posts.observed_at, $__interval), watch AS metric, count(*) AS value
FROM posts CROSS JOIN LATERAL jsonb_array_elements_text(posts.watches) AS watch
WHERE $__timeFilter(posts.observed_at) AND watch IN (${watch:sqlstring})
GROUP BY 1, 2 ORDER BY 1, 2
