# Asks Redis as its operator; to be sourced.
REDISCLI_AUTH=$(tr -d '\r\n' </run/secrets/redis_operator_password)
export REDISCLI_AUTH
cli() {
  redis-cli --no-auth-warning --user operator "$@"
}
