#!/bin/sh
# Writes a copy of all data to its standard output, while Redis goes on: as a replica gets it.
set -eu
REDISCLI_AUTH=$(tr -d '\r\n' </run/secrets/redis_operator_password)
export REDISCLI_AUTH
# To a file first: what follows the data on its way to a replica stays in a copy that is piped.
copy=/data/backup-$$.rdb
trap 'rm -f "$copy"' EXIT
redis-cli --no-auth-warning --user operator --rdb "$copy" >&2
cat "$copy"
