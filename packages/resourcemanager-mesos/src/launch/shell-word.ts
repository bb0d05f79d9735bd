import { FlinkError } from '@flink-ts/core'

/** Words of which no shell makes anything else. */
const PLAIN = /^[A-Za-z0-9_./:=,@%+-]+$/

/**
 * Writes `word` so that /bin/sh reads it as one word, whatever it holds.
 *
 * @throws FlinkError FLINK_MESOS_LAUNCH for a word with a zero byte, which no process can be given
 */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word
  if (word.includes('\0')) {
    throw new FlinkError(
      `Cannot start a task with the argument ${JSON.stringify(word)}: it has a zero byte`,
      { code: 'FLINK_MESOS_LAUNCH' },
    )
  }
  return `'${word.replaceAll("'", "'\\''")}'`
}
