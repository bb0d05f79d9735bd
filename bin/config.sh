#!/usr/bin/env bash
# Sourced by the other scripts: finds the installation and its Node.js. Environment variables win.

_source=${BASH_SOURCE[0]}
while [ -L "$_source" ]; do
  _folder=$(cd -P "$(dirname "$_source")" && pwd)
  _source=$(readlink "$_source")
  [[ $_source != /* ]] && _source=$_folder/$_source
done
FLINK_BIN_DIR=$(cd -P "$(dirname "$_source")" && pwd)
export FLINK_HOME=${FLINK_HOME:-$(dirname "$FLINK_BIN_DIR")}
export FLINK_CONF_DIR=${FLINK_CONF_DIR:-$FLINK_HOME/conf}
FLINK_NODE=${FLINK_NODE:-node}

if ! command -v "$FLINK_NODE" >/dev/null 2>&1; then
  echo "Node.js was not found: install Node 20.19 or later, or set FLINK_NODE to its path." >&2
  exit 1
fi

# An assembled installation keeps the packages below lib/, a checkout builds them in packages/.
if [ -f "$FLINK_HOME/lib/node_modules/@flink-ts/cli/dist/flink.js" ]; then
  FLINK_CLI_DIR=$FLINK_HOME/lib/node_modules/@flink-ts/cli/dist
elif [ -f "$FLINK_HOME/packages/cli/dist/flink.js" ]; then
  FLINK_CLI_DIR=$FLINK_HOME/packages/cli/dist
else
  echo "flink-ts is not built in $FLINK_HOME: run 'npm start' or 'npm run build' there." >&2
  exit 1
fi
