import type { StateDescriptor } from '../state/state-descriptors.js'
import type { TypeInformation } from '../types/type-information.js'

/**
 * A state that a function object is going to ask for, told beforehand: a savepoint whose state cannot become it is then refused before
 * any task starts. Others are found out when the function asks for them.
 */
export interface StateDeclaration {
  readonly kind:
    | 'value'
    | 'list'
    | 'map'
    | 'reducing'
    | 'aggregating'
    | 'splitList'
    | 'unionList'
    | 'broadcast'
  // biome-ignore lint/suspicious/noExplicitAny: descriptors of all types stand beside each other
  readonly descriptor: StateDescriptor<any> & {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    readonly keyType?: TypeInformation<any>
  }
}
