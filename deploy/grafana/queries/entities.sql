SELECT kind AS "Kind", id AS "Entity", count(DISTINCT uid) AS "Posts"
FROM entity_mentions
WHERE $__timeFilter(observed_at) AND EXISTS (
    SELECT FROM post_watches WHERE post_watches.uid = entity_mentions.uid AND watch IN (${watch:sqlstring})
)
GROUP BY 1, 2
ORDER BY 3 DESC, 2
LIMIT 50
