#!/bin/sh
# Makes or renews Grafana's role. The passwords stay in files and out of the process list.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
exec psql -X -q -v ON_ERROR_STOP=1 -v password_file=/run/secrets/grafana_database_password \
    -f /etc/secondsource/reader.sql
