import { setFlagsFromString } from 'node:v8'

/**
 * Takes back the flags that limit the heap of this process's main thread. Its heap has been made and keeps its limit; those of
 * threads that start from now on have the limits that they are given, over which the flags would win.
 */
export function letThreadsHaveLimits(): void {
  setFlagsFromString('--max-old-space-size=0')
  setFlagsFromString('--max-semi-space-size=0')
}
