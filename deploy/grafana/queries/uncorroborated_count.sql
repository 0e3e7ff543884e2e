SELECT count(*) AS stories
FROM uncorroborated_stories
WHERE $__timeFilter(as_of) AND watch IN (${watch:sqlstring})
