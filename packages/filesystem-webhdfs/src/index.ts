export { createFileSystem } from './create-file-system.js'
export { WebHdfsFileSystem, type WebHdfsFileSystemOptions } from './web-hdfs-file-system.js'
