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
)
SELECT count(DISTINCT kin.picture) AS pictures
FROM kin
JOIN sightings ON sightings.picture = kin.other AND sightings.seen_at < kin.last_at
