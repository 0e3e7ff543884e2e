WITH shown AS (
    SELECT sightings.picture, max(sightings.seen_at) AS last_at
    FROM sightings
    JOIN pictures ON pictures.id = sightings.picture AND pictures.state = 'fingerprinted'
    WHERE $__timeFilter(sightings.seen_at)
    GROUP BY sightings.picture
), kin AS (
    SELECT picture, last_at, picture AS other FROM shown
    UNION SELECT picture, last_at, b FROM shown JOIN picture_matches ON a = picture
    UNION SELECT picture, last_at, a FROM shown JOIN picture_matches ON b = picture
), life AS (
    SELECT
        kin.picture,
        kin.last_at,
        sightings.seen_at,
        sightings.handle,
        sightings.account_uid,
        left(coalesce(posts.text, sightings.caption), 140) AS words,
        row_number() OVER (PARTITION BY kin.picture ORDER BY sightings.seen_at, sightings.source) AS place
    FROM kin
    JOIN sightings ON sightings.picture = kin.other AND sightings.seen_at <= kin.last_at
    LEFT JOIN posts ON posts.uid = sightings.source
)
SELECT
    min(seen_at) AS "First seen",
    max(handle) FILTER (WHERE place = 1) AS "First seen with",
    max(words) FILTER (WHERE place = 1) AS "Words it carried first",
    count(*) AS "Sightings",
    count(DISTINCT account_uid) AS "Accounts",
    last_at AS "Last seen",
    left(picture, 12) AS "Picture"
FROM life
GROUP BY picture, last_at
HAVING min(seen_at) < last_at
ORDER BY count(*) DESC, min(seen_at), picture
LIMIT 50
