import { installHadoop } from './hadoop-jars.js'
import { installMesos } from './mesos-programs.js'
import { installMinio } from './minio.js'
import { installZooKeeper } from './zookeeper.js'

// `node integration-tests/dist-test/clusters/install.js [s3] [hadoop] [zookeeper] [mesos]`: external systems for tests, kept outside of the repository.
const INSTALL: Readonly<Record<string, () => void>> = {
  s3: installMinio,
  hadoop: installHadoop,
  zookeeper: installZooKeeper,
  mesos: installMesos,
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(INSTALL)
for (const name of names) {
  const install = INSTALL[name]
  if (install === undefined) {
    console.error(`There is no '${name}' to install: expected ${Object.keys(INSTALL).join(', ')}`)
    process.exit(1)
  }
  console.error(`Looking for ${name} …`)
  install()
}
