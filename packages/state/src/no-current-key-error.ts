import { FlinkError } from '@flink-ts/core'

/** Keyed state was used while no record of a keyed stream was being processed. */
export class NoCurrentKeyError extends FlinkError {
  constructor(stateName: string) {
    super(
      `Cannot access keyed state ${JSON.stringify(stateName)}: no key is set; keyed state can be used while a record or timer of a keyed stream is processed, not in open(), close() or afterwards`,
      { code: 'FLINK_NO_CURRENT_KEY' },
    )
  }
}
