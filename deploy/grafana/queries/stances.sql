SELECT stance AS "Stance", count(*) AS "Posts" FROM posts WHERE $__timeFilter(posts.observed_at) AND posts.watches ?| ARRAY[${watch:sqlstring}]::text[] GROUP BY 1 ORDER BY 2 DESC, 1
