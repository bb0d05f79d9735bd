export {
  type CloseableLogger,
  type CreateLoggerOptions,
  createLogger,
} from './winston-logger.js'
