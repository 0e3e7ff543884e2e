SELECT count(*) AS waiting FROM dead_letters WHERE resent_at IS NULL
