export { createFileSystem } from './create-file-system.js'
export { S3FileSystem, type S3FileSystemOptions } from './s3-file-system.js'
