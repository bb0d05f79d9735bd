#!/usr/bin/env bash
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/config.sh"
exec "$FLINK_NODE" "$FLINK_CLI_DIR/yarn-session.js" "$@"
