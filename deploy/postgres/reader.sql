-- What Grafana may read: what the boards show, and nothing that could be changed by it.
-- Run by psql after each migration, with password_file set; running it again renews everything.
\set password `cat :password_file`

SELECT 'CREATE ROLE grafana' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
ALTER ROLE grafana SET default_transaction_read_only = on;
-- A board left open over a year of posts must not slow down the store.
ALTER ROLE grafana SET statement_timeout = '30s';

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM grafana;
REVOKE CREATE ON SCHEMA public FROM grafana;
GRANT USAGE ON SCHEMA public TO grafana;
GRANT SELECT ON post_watches, entity_mentions, open_alerts, uncorroborated_stories, collector_coverage TO grafana;
GRANT SELECT ON stories, alerts, alert_events, pictures, sightings, picture_matches, outbox TO grafana;
GRANT SELECT (uid, text) ON posts TO grafana;
-- Not the bytes: a record that could not be handled may hold anything.
GRANT SELECT (stage, reason, at, resent_at) ON dead_letters TO grafana;
GRANT SELECT (id, alert_id, kind, at, verdict) ON alert_acts TO grafana; -- not who did it, nor what they noted
