import { FlinkError } from '@flink-ts/core'

/** Words of which no shell, no double quotes and no variable of YARN (`{{NAME}}`, `<LOG_DIR>`) makes anything else. */
const PLAIN = /^[A-Za-z0-9_./:=,@%+-]+$/
/** Bytes that stay as they are inside of `$'…'`. */
const PLAIN_BYTE = /[A-Za-z0-9_./:=,@%+ -]/

export interface ContainerCommandOptions {
  /** File in the container's log folder for standard output, such as `jobmanager.out`; one of YARN's plain names. */
  readonly stdout: string
  readonly stderr: string
}

/**
 * The command of a container that runs `words` as they are, whatever they hold. YARN puts it between the double quotes of
 * `exec /bin/bash -c "…"`, so it is read by two shells; it has no double quote itself.
 *
 * @throws FlinkError FLINK_YARN_DEPLOYMENT for a word with a zero byte, which no process can be given
 */
export function containerCommand(
  words: readonly string[],
  { stdout, stderr }: ContainerCommandOptions,
): string {
  return `${words.map(shellWord).join(' ')} 1> <LOG_DIR>/${stdout} 2> <LOG_DIR>/${stderr}`
}

function shellWord(word: string): string {
  if (PLAIN.test(word)) return word
  if (word.includes('\0')) {
    throw new FlinkError(
      `Cannot start a container with the argument ${JSON.stringify(word)}: it has a zero byte`,
      { code: 'FLINK_YARN_DEPLOYMENT' },
    )
  }
  const bytes = [...Buffer.from(word)].map((byte) => {
    const character = String.fromCharCode(byte)
    // Three octal digits: whatever follows is not one of them.
    return PLAIN_BYTE.test(character) ? character : `\\\\${byte.toString(8).padStart(3, '0')}`
  })
  // The outer shell takes one backslash from each pair, and from the dollar; the inner one sees $'a\012b'.
  return `\\$'${bytes.join('')}'`
}

/**
 * The value of a variable in a launch context: YARN writes it between double quotes, where `$NAME` means a variable, as in Flink.
 */
export function environmentValue(value: string): string {
  return value.replace(/[\\"`]|\$(?=\()/g, '\\$&')
}
