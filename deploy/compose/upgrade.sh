#!/bin/sh
# Has new code take over while the service goes on: one by one, a container comes up and one
# that was there leaves. Its arguments are the command of docker compose, with the options that
# everything was brought up with. A container that does not come up well, or not before this is
# interrupted, is taken away again, and whoever still serves goes on serving.
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

inspect() {
    docker inspect --format "$2" "$1"
}

without_quotes() {
    tr -d "\"'"
}

store_of() {
    inspect "$1" '{{range .Config.Env}}{{println .}}{{end}}' |
        sed -n 's/^REDIS_URL=//p' | without_quotes
}

# Removes the containers of a service that are not among those given.
take_away() {
    for each in $(docker compose ps --all --quiet "$1"); do
        case $2 in *"$each"*) ;; *) docker rm --force "$each" >&2 ;; esac
    done
}

config=$("$@" config app)
# Compose writes a dollar twice, and puts some values in quotes.
store_of_new=$(echo "$config" |
    sed -n 's/^ *REDIS_URL: *//p' | head -n 1 | sed 's/\$\$/$/g' | without_quotes)

for service in app box-office; do
    old=$(running "$service")
    test -n "$old" || fail "$service is not up; make up"
    for one in $old; do
        test "$(store_of "$one")" = "$store_of_new" ||
            fail "what is up uses another store than what would take its place:" \
                "give the PROFILES, and the REDIS_URL, that make up was given"
        # Compose waits for all containers of a service, so with this one it would wait in vain.
        test "$(inspect "$one" '{{.State.Health.Status}}')" = healthy ||
            fail "a container of $service is not healthy: see docker logs $one, and remove it" \
                "with docker rm --force $one if the others do without"
    done
done

"$@" build app
for service in app box-office; do
    # What an upgrade that was killed has stopped.
    docker compose rm --force "$service" >&2
    for one in $(running "$service"); do
        before=$(running "$service")
        trap 'take_away "$service" "$before"; exit 130' INT TERM HUP
        "$@" up --detach --wait --no-deps --no-recreate \
            --scale "$service=$(($(echo "$before" | wc -w) + 1))" "$service" || {
            take_away "$service" "$before"
            fail "a new container of $service did not come up; those that were there go on"
        }
        trap - INT TERM HUP
        sleep "$KNOWN_SECONDS"
        docker stop "$one"
        docker rm "$one"
        sleep "$KNOWN_SECONDS"
    done
done
