import type { FetchedFile } from './agent-runtime.js'

/**
 * With which a task ends for which its agent has fetched something else. No other program of ours ends so: of Flink's 1443 and 1445,
 * systems keep 163 and 165, and 166 is of the script.
 */
export const BAD_ARTIFACT_STATUS = 167
/** What the task says then. */
export const BAD_ARTIFACT = 'FLINK_MESOS_ARTIFACT'
/** With which a task ends that can tell nothing of what was fetched for it, or cannot unpack it: the cache of its agent may be sound. */
export const UNPACK_STATUS = 168
/** What the task says then. */
export const CANNOT_UNPACK = 'FLINK_MESOS_UNPACK'

/**
 * `fetched_file NAME DIGEST`. Said on stderr, which is a file of the sandbox; Mesos tells the status alone. Of a file of
 * which no SHA-256 can be had nothing is known, and it is refused. `openssl` takes a third of the time of `sha256sum` where the processor
 * has instructions for it: 0.09 s for a Node.js, not 0.26 s, and a job waits for it.
 */
const CHECK = [
  `fetched_file() { sum=$(openssl dgst -sha256 -r <"$1" 2>/dev/null || sha256sum <"$1") && sum=\${sum%% *} && [ -n "$sum" ] || {`,
  `echo "${CANNOT_UNPACK} Cannot compute the SHA-256 of $1, which was fetched to this agent: sha256sum must be there, and the file readable" >&2;`,
  `exit ${UNPACK_STATUS}; }; [ "$sum" = "$2" ] || {`,
  `echo "${BAD_ARTIFACT} Cannot start from $1 as it was fetched to this agent: its SHA-256 is $sum, and that of what the JobManager serves is $2" >&2;`,
  `exit ${BAD_ARTIFACT_STATUS}; }; }`,
].join(' ')

/**
 * Steps of a shell, in the folder of the task, after which all that was fetched is known to be what the JobManager serves, and archives
 * are unpacked: nothing is read of them before. A program of Node.js is looked at while an archive is unpacked, for it is large.
 */
export function checkFetched(fetched: readonly FetchedFile[]): string[] {
  if (fetched.length === 0) return []
  const check = ({ uri, digest }: FetchedFile) => `fetched_file ${uri.outputFile} ${digest}`
  const archives = fetched.filter(({ isArchive }) => isArchive)
  const programs = fetched.filter(({ isArchive }) => !isArchive)
  return [
    CHECK,
    ...programs.map((program, i) => `{ ${check(program)} & checking${i}=$!; }`),
    ...archives.flatMap((archive) => [check(archive), unpack(archive.uri.outputFile)]),
    ...programs.map((_, i) => `wait $checking${i}`),
  ]
}

/** As the user of the task, whatever the archive says; the archive counts among what the task has on the disk. */
function unpack(archive: string): string {
  const problem = `${CANNOT_UNPACK} Cannot unpack ${archive}, which was fetched to this agent: tar and gzip must be there, and room on the disk`
  return `{ { tar -xzof ${archive} && rm ${archive}; } || { echo "${problem}" >&2; exit ${UNPACK_STATUS}; }; }`
}
