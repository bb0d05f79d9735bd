import { userInfo } from 'node:os'

/** As whom this process runs; undefined if the machine has no name for that. */
export function processUser(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
