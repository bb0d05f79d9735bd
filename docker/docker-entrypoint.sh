#!/usr/bin/env bash
# What a container of the image runs: `jobmanager`, `taskmanager`, `standalone-job`, or any command of bin/.
# FLINK_PROPERTIES holds further configuration, a line `key: value` each; the processes read it themselves.
set -euo pipefail

FLINK_HOME=${FLINK_HOME:-$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)}
export FLINK_HOME
command=${1:-help}
[ $# -gt 0 ] && shift

case $command in
  jobmanager)
    # Other containers must reach it: nothing but the container's own network does.
    exec "$FLINK_HOME/bin/jobmanager.sh" start-foreground \
      -D jobmanager.bind-host=0.0.0.0 -D rest.bind-address=0.0.0.0 "$@"
    ;;
  taskmanager)
    exec "$FLINK_HOME/bin/taskmanager.sh" start-foreground \
      -D taskmanager.bind-host=0.0.0.0 -D "taskmanager.host=${TASK_MANAGER_HOST:-$(hostname -i | cut -d' ' -f1)}" "$@"
    ;;
  standalone-job)
    exec "$FLINK_HOME/bin/standalone-job.sh" start-foreground \
      -D jobmanager.bind-host=0.0.0.0 -D rest.bind-address=0.0.0.0 "$@"
    ;;
  help)
    echo "Usage: docker-entrypoint.sh (jobmanager|taskmanager|standalone-job) [-D key=value …] | <command of bin/> [args]"
    ;;
  *)
    if [ -x "$FLINK_HOME/bin/$command" ]; then exec "$FLINK_HOME/bin/$command" "$@"; fi
    exec "$command" "$@"
    ;;
esac
