#!/bin/sh
# Writes a copy of all data to its standard output, while Redis goes on: as a replica gets it.
set -eu
. /usr/local/etc/redis/operator.sh
# To a file first: what follows the data on its way to a replica stays in a copy that is piped.
copy=/data/backup-$$.rdb
trap 'rm -f "$copy"' EXIT
cli --rdb "$copy" >&2
cat "$copy"
