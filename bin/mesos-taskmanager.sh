#!/usr/bin/env bash
# What the tasks of a cluster on Mesos run: a TaskManager, which gets its configuration from the JobManager.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/config.sh"
# That of an installation on the agent is not the cluster's.
unset FLINK_CONF_DIR
# How large its heap may be: unquoted, for they are several words.
# shellcheck disable=SC2086
exec "$FLINK_NODE" ${FLINK_NODE_FLAGS-} "$FLINK_CLI_DIR/../../entrypoint/dist/mains/task-manager.js" --container mesos "$@"
