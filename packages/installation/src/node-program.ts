/** A program of Node.js that stands alone is larger than this; a smaller one needs libraries beside it. */
const MIN_BYTES = 20 * 1024 * 1024

/** Why a program of Node.js cannot be handed to other machines; undefined if it can. */
export function nodeProgramProblem(path: string, lengthBytes: number | bigint): string | undefined {
  return lengthBytes < MIN_BYTES
    ? `${path} is no program that runs alone (${lengthBytes} bytes)`
    : undefined
}
