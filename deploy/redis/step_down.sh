#!/bin/sh
# Has a replica take this node's place, if it is a primary, and waits until it has.
set -eu
. /usr/local/etc/redis/operator.sh

is_replica() {
  [ "$(cli role | head -n 1)" = slave ]
}

is_replica && exit 0
own=$(cli cluster myid)
# A line is: id, address, flags, whose replica, ..., whether it is connected.
replica=$(cli cluster nodes | awk -v own="$own" \
  '$4 == own && $3 == "slave" && $8 == "connected" { split($2, part, "[:@]"); print part[1]; exit }')
[ -n "$replica" ] || {
  echo 'step_down: no replica is there to take over' >&2
  exit 1
}
cli -h "$replica" cluster failover >/dev/null
for _ in $(seq 100); do
  is_replica && exit 0
  sleep 0.1
done
echo 'step_down: the replica did not take over' >&2
exit 1
