#!/usr/bin/env bash
# What the tasks of a cluster on Mesos run: a TaskManager, which gets its configuration from the JobManager.
# The status says it, which is all that Mesos tells of a task.
if ! command -v "${FLINK_NODE:-node}" >/dev/null 2>&1; then
  echo "There is no Node.js at ${FLINK_NODE:-node}: mesos.flink-ts.node-path must name one that is on every agent, or in the image." >&2
  exit 166
fi
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/config.sh"
# That of an installation on the agent is not the cluster's.
unset FLINK_CONF_DIR
# How large its heap may be: unquoted, for they are several words.
# shellcheck disable=SC2086
exec "$FLINK_NODE" ${FLINK_NODE_FLAGS-} "$FLINK_CLI_DIR/../../entrypoint/dist/mains/task-manager.js" --container mesos "$@"
