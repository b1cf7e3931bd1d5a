#!/bin/sh
# Joins nine nodes, whose addresses end in .11 to .19, to a cluster; if they are one, does nothing.
set -eu
. /usr/local/etc/redis/operator.sh

is_joined() {
  cli -h "$1.11" cluster info | grep -q '^cluster_slots_ok:16384'
}

if ! is_joined "$1"; then
  nodes=$(for number in 11 12 13 14 15 16 17 18 19; do echo "$1.$number:6379"; done)
  # shellcheck disable=SC2086 # each is an argument
  cli --cluster create $nodes --cluster-replicas 2 --cluster-yes
fi
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  if is_joined "$1" && [ "$(cli -h "$1.11" cluster nodes | grep -c 'slave.*connected$')" = 6 ]; then
    exit 0
  fi
  sleep 1
done
echo 'join: the nodes do not become a cluster' >&2
exit 1
