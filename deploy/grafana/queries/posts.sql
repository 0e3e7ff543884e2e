SELECT count(*) AS posts FROM posts WHERE $__timeFilter(posts.observed_at) AND posts.watches ?| ARRAY[${watch:sqlstring}]::text[]
