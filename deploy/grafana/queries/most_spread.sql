SELECT
    claim AS "Claim",
    watch AS "Watch",
    interactions AS "Interactions",
    CASE WHEN spread_state = 'measured' THEN round(expected::numeric, 1) END AS "Expected",
    CASE WHEN spread_state = 'measured' THEN surprise END AS "Surprise",
    posts AS "Posts",
    accounts AS "Accounts",
    round(independent::numeric, 2) AS "Independent origins",
    disputes AS "Disputes",
    opened_at AS "Since"
FROM uncorroborated_stories
WHERE $__timeFilter(as_of) AND watch IN (${watch:sqlstring})
ORDER BY interactions DESC, posts DESC, id
LIMIT 25
