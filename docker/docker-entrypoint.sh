#!/usr/bin/env bash
# What a container of the image runs: `jobmanager`, `taskmanager`, `standalone-job`, or any command of bin/.
# FLINK_PROPERTIES holds further configuration, a line `key: value` each; the processes read it themselves.
set -euo pipefail

FLINK_HOME=${FLINK_HOME:-$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)}
export FLINK_HOME
command=${1:-help}
[ $# -gt 0 ] && shift

# The processes of a cluster share a secret: FLINK_CLUSTER_SECRET_FILE names a file with it (such as a Docker secret), or
# FLINK_CLUSTER_SECRET is it. The processes want a file that nobody else can read, and the variable goes on to nobody.
secret_options=()
use_cluster_secret() {
  local given=${FLINK_CLUSTER_SECRET_FILE:-/run/secrets/flink_cluster_secret} folder
  if [ -z "${FLINK_CLUSTER_SECRET:-}" ] && [ ! -r "$given" ]; then
    [ -z "${FLINK_CLUSTER_SECRET_FILE:-}" ] && return
    echo "Cannot read the file of FLINK_CLUSTER_SECRET_FILE: $given" >&2
    exit 1
  fi
  folder=$(umask 077 && mktemp -d)
  if [ -n "${FLINK_CLUSTER_SECRET:-}" ]; then
    (umask 077 && printf '%s\n' "$FLINK_CLUSTER_SECRET" >"$folder/cluster-secret")
  else
    (umask 077 && cat "$given" >"$folder/cluster-secret")
  fi
  secret_options=(-D "security.cluster.secret-file=$folder/cluster-secret")
  unset FLINK_CLUSTER_SECRET
}

case $command in
  jobmanager)
    use_cluster_secret
    # Other containers must reach it: nothing but the container's own network does.
    exec "$FLINK_HOME/bin/jobmanager.sh" start-foreground \
      -D jobmanager.bind-host=0.0.0.0 -D rest.bind-address=0.0.0.0 "${secret_options[@]}" "$@"
    ;;
  taskmanager)
    use_cluster_secret
    exec "$FLINK_HOME/bin/taskmanager.sh" start-foreground \
      -D taskmanager.bind-host=0.0.0.0 -D "taskmanager.host=${TASK_MANAGER_HOST:-$(hostname -i | cut -d' ' -f1)}" "${secret_options[@]}" "$@"
    ;;
  standalone-job)
    use_cluster_secret
    exec "$FLINK_HOME/bin/standalone-job.sh" start-foreground \
      -D jobmanager.bind-host=0.0.0.0 -D rest.bind-address=0.0.0.0 "${secret_options[@]}" "$@"
    ;;
  help)
    echo "Usage: docker-entrypoint.sh (jobmanager|taskmanager|standalone-job) [-D key=value …] | <command of bin/> [args]"
    ;;
  *)
    if [ -x "$FLINK_HOME/bin/$command" ]; then exec "$FLINK_HOME/bin/$command" "$@"; fi
    exec "$command" "$@"
    ;;
esac
