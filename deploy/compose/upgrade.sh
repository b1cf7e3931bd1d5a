#!/bin/sh
# Has new code take over while the service goes on: one by one, a container comes up and one
# that was there leaves. Its arguments are the command of docker compose, with the options that
# everything was brought up with. A container that does not come up well is taken away again,
# and whoever still serves goes on serving.
set -eu

# nginx looks up once a second who there is: after two it knows.
KNOWN_SECONDS=2

fail() {
    echo "upgrade: $*" >&2
    exit 1
}

running() {
    docker compose ps --quiet "$1"
}

store_of() {
    docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$1" |
        sed -n 's/^REDIS_URL=//p'
}

store_of_new=$("$@" config app | sed -n 's/^ *REDIS_URL: *//p' | head -n 1 | tr -d "\"'")

for service in app box-office; do
    old=$(running "$service")
    test -n "$old" || fail "$service is not up; make up"
    for one in $old; do
        test "$(store_of "$one")" = "$store_of_new" ||
            fail "what is up uses another store than what would take its place:" \
                "give the PROFILES, and the REDIS_URL, that make up was given"
    done
done

"$@" build app
for service in app box-office; do
    # What an upgrade has left that was interrupted.
    docker compose rm --force "$service" >&2
    old=$(running "$service")
    for one in $old; do
        before=$(running "$service")
        if ! "$@" up --detach --wait --no-deps --no-recreate \
            --scale "$service=$(($(echo "$before" | wc -w) + 1))" "$service"; then
            for each in $(docker compose ps --all --quiet "$service"); do
                case $before in *"$each"*) ;; *) docker rm --force "$each" >&2 ;; esac
            done
            fail "a new container of $service did not come up; those that were there go on"
        fi
        sleep "$KNOWN_SECONDS"
        docker stop "$one"
        docker rm "$one"
        sleep "$KNOWN_SECONDS"
    done
done
