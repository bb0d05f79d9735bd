import type { ShapeEncoder } from './shape-encoder.js'

/** Credit does not rise beyond this. @internal */
export const FULL_CREDIT = 4096
export const FIRST_CREDIT = 1024
const FIRST_PAUSE = 8192
export const LONGEST_PAUSE = 32768

/** What an encoder learnt about one place of its records: a field, or everything unnamed. */
export class FieldState {
  /** The shape that was there last. */
  shape: ShapeEncoder | undefined = undefined
  /** Falls with strings that are new, rises with ones that repeat; at 0 the dictionary is not worth it. */
  credit = FIRST_CREDIT
  /** Strings still to be written without asking the dictionary. */
  pause = 0
  nextPause = FIRST_PAUSE
}
