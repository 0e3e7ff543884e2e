SELECT state AS "State", count(*) AS "Stories"
FROM stories
WHERE $__timeFilter(as_of) AND watch IN (${watch:sqlstring}) AND merged_into = ''
GROUP BY 1
ORDER BY 2 DESC, 1
