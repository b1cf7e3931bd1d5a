#!/bin/sh
# Puts a copy of all data, from its standard input, in the place of what Redis has, which must
# not be running. What was there is kept beside it.
set -eu
umask 077
cd /data
cat >restored.rdb
redis-check-rdb restored.rdb >/dev/null || {
  rm restored.rdb
  echo 'restore: this is no copy of the data; nothing was changed' >&2
  exit 1
}
if [ -e appendonlydir ]; then
  mv appendonlydir "appendonlydir.before-$(date -u +%Y%m%dT%H%M%SZ)"
fi
# An append-only file may begin with a snapshot, see
# https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/#how-it-works-1
mkdir appendonlydir
mv restored.rdb appendonlydir/appendonly.aof.1.base.rdb
echo 'file appendonly.aof.1.base.rdb seq 1 type b' >appendonlydir/appendonly.aof.manifest
