SELECT count(*) AS stories FROM stories
WHERE $__timeFilter(as_of) AND watch IN (${watch:sqlstring}) AND state IN ('none', 'single-origin')
