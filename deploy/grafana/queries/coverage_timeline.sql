WITH told AS (
    SELECT
        collector,
        CASE watch WHEN '' THEN 'all its watches' ELSE watch END AS watch,
        state, reason, start_at, end_at
    FROM collector_coverage AS c
    WHERE
        end_at >= $__timeFrom()::timestamptz AND start_at <= $__timeTo()::timestamptz
        AND (
            watch IN (${watch:sqlstring})
            OR watch = '' AND NOT EXISTS (
                SELECT FROM collector_coverage AS own WHERE own.collector = c.collector AND own.watch <> ''
            )
        )
), moments AS (
    SELECT
        generate_series(
            $__timeFrom()::timestamptz, $__timeTo()::timestamptz, make_interval(secs => $__interval_ms / 1000.0)
        ) AS at,
        make_interval(secs => $__interval_ms / 1000.0) AS length
)
SELECT
    at AS time,
    collector || ': ' || watch AS metric,
    CASE
        WHEN bool_or(state = 'seen' AND reason <> '') THEN 1
        WHEN bool_or(state = 'blind') THEN 0
        ELSE 1
    END AS value
FROM told
JOIN moments ON at <= end_at AND at + length > start_at
GROUP BY 1, 2
ORDER BY 1, 2
