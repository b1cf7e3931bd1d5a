#!/bin/sh
# Puts a copy of all data, from its standard input, in the place of what Redis has, which must
# not be running. What was there is kept beside it.
set -eu
umask 077
cd /data
rm -rf restoring
mkdir restoring
# An append-only file may begin with a snapshot, see
# https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/#how-it-works-1
cat >restoring/appendonly.aof.1.base.rdb
echo 'file appendonly.aof.1.base.rdb seq 1 type b' >restoring/appendonly.aof.manifest
redis-check-aof restoring/appendonly.aof.manifest >restoring/check || {
  tail -n 3 restoring/check >&2
  rm -r restoring
  echo 'restore: this is no copy of the data; nothing was changed' >&2
  exit 1
}
rm restoring/check
if [ -e appendonlydir ]; then
  mv appendonlydir "appendonlydir.before-$(date -u +%Y%m%dT%H%M%SZ)"
fi
mv restoring appendonlydir
