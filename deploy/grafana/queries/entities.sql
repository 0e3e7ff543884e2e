SELECT entity ->> 'kind' AS "Kind", entity ->> 'id' AS "Entity",
count(DISTINCT posts.uid) AS "Posts", count(DISTINCT posts.account_uid) AS "Accounts"
FROM posts CROSS JOIN LATERAL jsonb_array_elements(posts.entities) AS entity
WHERE $__timeFilter(posts.observed_at) AND posts.watches ?| ARRAY[${watch:sqlstring}]::text[] GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 50
