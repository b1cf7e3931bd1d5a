#!/bin/sh
# Starts Redis with its users, whose passwords are secrets. What follows is for redis-server.
set -eu
umask 077

secret() {
  tr -d '\r\n' <"/run/secrets/$1"
}

hashed() {
  secret "$1" | sha256sum | cut -d ' ' -f 1
}

# The service may use the commands and keys that it uses, see reservations/store/keys.py, and no
# others: no KEYS, FLUSHALL, CONFIG, EVAL or SAVE. Who checks its health may do nothing else.
#
# Nobody can be the default user, who is off and has no password. But it is in its name that Redis
# reads its append-only file when it starts, and asks there of each transaction whether it may:
# without these rights some versions drop them all, and say so in their log only
# (https://github.com/redis/redis/issues/14541, https://github.com/valkey-io/valkey/issues/3983).
commands='+auth +hello +ping +select +client|setinfo +client|setname +info +role +cluster|shards
+time +wait +watch +unwatch +multi +exec +exists +get +mget +set +del +unlink +incr +expire
+xadd +xlen +xrange +xrevrange +zadd +zlexcount +zrange +zrem +zscore'
keys='~{e:*}:* ~events ~events:count ~once:* ~revocations ~{revocations}:ready ~{*}:mark'
cat >/run/redis/users.acl <<END
user default off resetpass ~* &* +@all
user health on nopass -@all +ping
user operator on #$(hashed redis_operator_password) ~* &* +@all
user reservations on #$(hashed redis_password) $keys -@all $(echo $commands)
END
# Nodes that copy from each other are operators too. In a file, as anybody sees arguments.
cat >/run/redis/replication.conf <<END
masteruser operator
masterauth $(secret redis_operator_password)
END
exec redis-server /usr/local/etc/redis/redis.conf --aclfile /run/redis/users.acl \
  --include /run/redis/replication.conf "$@"
