SELECT
    collector AS "Collector",
    CASE watch WHEN '' THEN 'all its watches' ELSE watch END AS "Watch",
    state AS "State",
    start_at AS "From",
    end_at AS "To",
    reason AS "Why"
FROM collector_coverage
ORDER BY end_at DESC, start_at DESC, collector, watch
LIMIT 100
