#!/bin/sh
# Writes a copy of all data to its standard output, while Redis goes on: as a replica gets it.
set -eu
REDISCLI_AUTH=$(tr -d '\r\n' </run/secrets/redis_operator_password)
export REDISCLI_AUTH
exec redis-cli --no-auth-warning --user operator --rdb - 2>/dev/stderr
