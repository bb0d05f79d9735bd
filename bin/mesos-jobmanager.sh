#!/usr/bin/env bash
# Of mesos-appmaster.sh (session) and mesos-appmaster-job.sh (job): prepares the JobManager and becomes it, so that signals and the
# exit code are its own.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/config.sh"
_words=()
exec 4>&1
while IFS= read -r -d '' _word; do
  _words+=("$_word")
done < <("$FLINK_NODE" "$FLINK_CLI_DIR/mesos-appmaster.js" "$@" 3>&1 >&4 4>&-)
exec 4>&-
[ "${_words[0]:-}" = exec ] || exit "${_words[1]:-1}"
export FLINK_LOG_FILE=${_words[1]}
exec "$FLINK_NODE" "${_words[@]:2}"
