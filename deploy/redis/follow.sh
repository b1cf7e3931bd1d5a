#!/bin/sh
# Waits until this node, a replica, has all that its primary has.
set -eu
REDISCLI_AUTH=$(tr -d '\r\n' </run/secrets/redis_operator_password)
export REDISCLI_AUTH
for _ in $(seq 300); do
  redis-cli --no-auth-warning --user operator info replication | grep -q '^master_link_status:up' && exit 0
  sleep 0.2
done
echo 'follow: this node does not come up with its primary' >&2
exit 1
