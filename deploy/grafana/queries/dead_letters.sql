SELECT
    stage AS "Stage",
    left(reason, 200) AS "Reason",
    count(*) AS "Records",
    min(at) AS "First",
    max(at) AS "Last"
FROM dead_letters
WHERE resent_at IS NULL
GROUP BY 1, 2
ORDER BY 3 DESC, 2
LIMIT 50
