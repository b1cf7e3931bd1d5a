#!/bin/sh
# Waits until this node, a replica, has all that its primary has.
set -eu
. /usr/local/etc/redis/operator.sh
for _ in $(seq 300); do
  cli info replication | grep -q '^master_link_status:up' && exit 0
  sleep 0.2
done
echo 'follow: this node does not come up with its primary' >&2
exit 1
