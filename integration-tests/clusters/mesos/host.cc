// A process that is a real Mesos 1.11.0 master or agent, for tests.
//
// No registry carries these programs, but PyPI's `mesos.scheduler` 1.11.0 is a Python 2 extension into which all of libmesos was linked,
// master and agent included, with its names exported. This program loads it, without Python, and starts the "local cluster" that
// libmesos has for tests of its own; a few functions of it are replaced so that a master and an agent can be processes of their own,
// and so that masters can stand for election.
//
//   host master WORK [zk://host:port,…/path]   with ZooKeeper it stands for election, and the registry is replicated
//   host agent WORK host:port|zk://…           an agent of that master, or of whichever leads. The process holds a master as well,
//                                              which never leads: on the agent's port it answers with a redirect
//   mesos-containerizer launch                 by that name: the real launcher of containers
//
// Flags come from the environment, as for the real programs (MESOS_…, LIBPROCESS_…). The library is beside this program.
//
// Real: all of the master, agent, containerizer, detector, contender, registry and replicated log. Not real: the programs'
// main(), and what is beside this file (executor.mjs, fetcher.mjs).
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

// The only names of Python that have to be there when the library is loaded; nobody looks at them.
extern "C" {
long PyExc_Exception[64];
long PyExc_TypeError[64];
long _Py_NoneStruct[64];
}

namespace {

#define STRING "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
#define MESOS "_ZN5mesos8internal"
#define MASTER "_ZN5mesos6master"

const char kInitializeLibprocess[] = "_ZN7process10initializeERK6OptionI" STRING "ES9_S9_";
const char kParsePid[] = "_ZN7process4UPIDC1ERK" STRING;
const char kParseZooKeeper[] = "_ZN9zookeeper3URL5parseERK" STRING;

const char kLocalFlags[] = MESOS "5local5FlagsC1Ev";
const char kLocalLaunch[] = MESOS "5local6launchERKNS1_5FlagsEPNS_9allocator9AllocatorE";
const char kCreateContainerizer[] =
    MESOS "5slave13Containerizer6createERKNS1_5FlagsEbPNS1_7FetcherEPNS1_16GarbageCollectorEPNS_14SecretResolverEPNS1_16VolumeGidManager"
          "EPNS0_20PendingFutureTrackerEPNS1_9CSIServerE";

const char kWaitingDetector[] = MASTER "8detector24StandaloneMasterDetectorC1Ev";
const char kFixedDetector[] = MASTER "8detector24StandaloneMasterDetectorC1ERKN7process4UPIDE";
const char kZooKeeperDetector[] = MASTER "8detector23ZooKeeperMasterDetectorC1ERKN9zookeeper3URLERK8Duration";
const char kAppoint[] = MASTER "8detector24StandaloneMasterDetector7appointERK6OptionINS_10MasterInfoEE";

const char kLocalContenderBegin[] = MASTER "9contender25StandaloneMasterContender10initializeERKNS_10MasterInfoE";
const char kLocalContenderContend[] = MASTER "9contender25StandaloneMasterContender7contendEv";
const char kContender[] = MASTER "9contender24ZooKeeperMasterContenderC1ERKN9zookeeper3URLERK8Duration";
const char kContenderBegin[] = MASTER "9contender24ZooKeeperMasterContender10initializeERKNS_10MasterInfoE";
const char kContenderContend[] = MASTER "9contender24ZooKeeperMasterContender7contendEv";

const char kLocalLog[] = "_ZN5mesos3log3LogC1EiRK" STRING "RKSt3setIN7process4UPIDESt4lessISC_ESaISC_EEbRK6OptionIS7_E";
const char kReplicatedLog[] = "_ZN5mesos3log3LogC1EiRK" STRING "S9_RK8DurationS9_RK6OptionIN9zookeeper14AuthenticationEEbRKSD_IS7_E";

#define LAUNCH MESOS "5slave24MesosContainerizerLaunch"
const char kLaunchFlags[] = LAUNCH "5FlagsC1Ev";
const char kLaunchGetFlags[] = LAUNCH "8getFlagsEv";
const char kLaunchExecute[] = LAUNCH "7executeEv";
const char kLoadFlags[] = "_ZN5flags9FlagsBase4loadERK6OptionI" STRING "EiPKPKcbb";

// Objects of the library are made in memory that is never given back; none is as large as this.
const size_t kObjectBytes = 1 << 16;

[[noreturn]] void fail(const std::string& why) {
  fprintf(stderr, "[host] %s\n", why.c_str());
  _exit(3);
}

void* memory() {
  void* bytes = calloc(1, kObjectBytes);
  if (bytes == nullptr) fail("there is no memory");
  return bytes;
}

void* library = nullptr;

void openLibrary() {
  char self[PATH_MAX] = {};
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) fail("there is no /proc/self/exe");
  const std::string path = std::string(dirname(self)) + "/libmesos.so";
  library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (library == nullptr) fail(std::string("cannot load libmesos: ") + dlerror());
}

unsigned char* addressOf(const char* name) {
  void* found = dlsym(library, name);
  if (found == nullptr) fail(std::string("libmesos has no ") + name);
  return static_cast<unsigned char*>(found);
}

// Calls a function of the library. A result that is an object is returned by address, which is then the first argument.
template <typename Result = void, typename... Arguments>
Result call(const char* name, Arguments... arguments) {
  return reinterpret_cast<Result (*)(Arguments...)>(addressOf(name))(arguments...);
}

template <typename Change>
void rewrite(unsigned char* at, size_t length, Change change) {
  const uintptr_t page = 4096;
  const uintptr_t first = reinterpret_cast<uintptr_t>(at) & ~(page - 1);
  const size_t size = reinterpret_cast<uintptr_t>(at) + length - first;
  if (mprotect(reinterpret_cast<void*>(first), size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) fail("code cannot be rewritten");
  change();
  mprotect(reinterpret_cast<void*>(first), size, PROT_READ | PROT_EXEC);
}

// Whoever calls the function comes to `instead`. Calls inside the library are direct: its first bytes become a jump.
template <typename Function>
void replace(const char* name, Function* instead) {
  unsigned char* at = addressOf(name);
  unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};  // mov rax, instead; jmp rax
  memcpy(jump + 2, &instead, sizeof instead);
  rewrite(at, sizeof jump, [&] { memcpy(at, jump, sizeof jump); });
}

// Option<std::string> as the library lays it out: 0 for "some", then the string.
struct OptionalString {
  int state = 1;
  alignas(std::string) char text[sizeof(std::string)] = {};

  OptionalString() = default;
  explicit OptionalString(const char* value) : state(0) { new (text) std::string(value); }
};

// Where the masters are to be found, and how this process is part of it.
struct Election {
  bool hasZooKeeper = false;
  std::string leader;   // host:port, without ZooKeeper
  std::string servers;  // host:port,…
  std::string path;
  void* url = nullptr;
  void* contender = nullptr;
  int64_t sessionNanoseconds = 10ll * 1000 * 1000 * 1000;

  // As the real programs have it: MESOS_ZK_SESSION_TIMEOUT, here in seconds alone.
  void readSessionTimeout() {
    const char* given = getenv("MESOS_ZK_SESSION_TIMEOUT");
    if (given == nullptr) return;
    char* unit = nullptr;
    const double seconds = strtod(given, &unit);
    if (seconds <= 0 || strcmp(unit, "secs") != 0) fail(std::string("a session timeout is given as 10secs, not as ") + given);
    sessionNanoseconds = static_cast<int64_t>(seconds * 1e9);
  }

  explicit Election(const std::string& at) {
    const std::string scheme = "zk://";
    hasZooKeeper = at.compare(0, scheme.size(), scheme) == 0;
    if (!hasZooKeeper) {
      leader = at;
      return;
    }
    const size_t slash = at.find('/', scheme.size());
    if (slash == std::string::npos) fail("an address of ZooKeeper needs a path: " + at);
    readSessionTimeout();
    servers = at.substr(scheme.size(), slash - scheme.size());
    path = at.substr(slash);
    char* parsed = static_cast<char*>(memory());
    call(kParseZooKeeper, parsed, &at);
    if (*reinterpret_cast<int*>(parsed) != 0) fail("this is no address of ZooKeeper: " + at);
    url = parsed + 8;
  }
};

Election* election = nullptr;

// In the place of the detector that waits to be told of the one master there is. Both others are no larger than it.
void detectorOfElection(void* self) {
  if (election->hasZooKeeper) {
    call(kZooKeeperDetector, self, election->url, &election->sessionNanoseconds);
    return;
  }
  const std::string master = "master@" + election->leader;
  void* pid = memory();
  call(kParsePid, pid, &master);
  call(kFixedDetector, self, pid);
}

void appointNobody(void*, const void*) {}

void standForElection(void*, const void* masterInfo) { call(kContenderBegin, election->contender, masterInfo); }

void* contend(void* result, void*) {
  call(kContenderContend, result, election->contender);
  return result;
}

// The registry of a local cluster is a log of one replica; masters of an election share one.
void logOfElection(void* self, int, const std::string* path, const void*, bool initialize, const void* prefix) {
  static const OptionalString noAuthentication;
  static const std::string replicas = election->path + "/log_replicas";
  const char* quorum = getenv("MESOS_QUORUM");
  const std::string* servers = &election->servers;
  const int64_t* timeout = &election->sessionNanoseconds;
  call(kReplicatedLog, self, quorum == nullptr ? 1 : atoi(quorum), path, servers, timeout, &replicas, &noAuthentication, initialize, prefix);
}

// A local cluster lets containers write to its own terminal: where it makes the containerizer, `local` is true (mov edx, 1).
void letContainersWriteToSandboxes() {
  const size_t longestFunction = 0x8000, longestSetup = 40;
  unsigned char* const from = addressOf(kLocalLaunch);
  unsigned char* const create = addressOf(kCreateContainerizer);
  const unsigned char isLocal[] = {0xba, 1, 0, 0, 0};
  for (unsigned char* at = from; at < from + longestFunction; at++) {
    int32_t distance;
    memcpy(&distance, at + 1, sizeof distance);
    if (*at != 0xe8 || at + 5 + distance != create) continue;
    for (unsigned char* argument = at - sizeof isLocal; argument > at - longestSetup; argument--) {
      if (memcmp(argument, isLocal, sizeof isLocal) != 0) continue;
      rewrite(argument, sizeof isLocal, [&] { argument[1] = 0; });
      return;
    }
  }
  fail("the containerizer is not made where it should be");
}

int launchContainer(int count, char** words) {
  if (count < 2 || strcmp(words[1], "launch") != 0) fail("mesos-containerizer can do nothing but launch");
  openLibrary();
  char* const probe = static_cast<char*>(memory());
  call(kLaunchFlags, probe);
  const long base = *reinterpret_cast<long*>(*reinterpret_cast<char**>(probe) - 24);  // of the virtual base class
  char* const launch = static_cast<char*>(memory());
  char* const flags = call<char*>(kLaunchGetFlags, launch);
  const long offset = flags - launch - base;
  if (base <= 0 || offset <= 0 || offset > 4096) fail("the launcher of containers is not laid out as it should be");
  call(kLaunchFlags, launch + offset);
  const OptionalString prefix("MESOS_CONTAINERIZER_");
  int* const loaded = static_cast<int*>(memory());
  call<void*>(kLoadFlags, loaded, flags, &prefix, count - 1, words + 1, false, false);
  if (*loaded != 0) fail("the launcher of containers does not take its flags");
  return call<int>(kLaunchExecute, launch);
}

[[noreturn]] void run(const std::string& work, bool isAgent) {
  letContainersWriteToSandboxes();
  const bool isContender = !isAgent && election->hasZooKeeper;
  if (isAgent || isContender) {
    replace(kWaitingDetector, detectorOfElection);
    replace(kAppoint, appointNobody);
  }
  const OptionalString process(isAgent ? "slave(1)" : "master"), readWrite("mesos-master-readwrite"), readOnly("mesos-master-readonly");
  if (!call<bool>(kInitializeLibprocess, &process, &readWrite, &readOnly)) fail("libprocess does not start");
  if (isContender) {
    replace(kLocalLog, logOfElection);
    election->contender = memory();
    call(kContender, election->contender, election->url, &election->sessionNanoseconds);
    replace(kLocalContenderBegin, standForElection);
    replace(kLocalContenderContend, contend);
  }
  char* const flags = static_cast<char*>(memory());
  call(kLocalFlags, flags);
  auto* const directory = reinterpret_cast<std::string*>(flags + 8);  // the first members after the table of functions
  int* const agents = reinterpret_cast<int*>(flags + 8 + sizeof(std::string));
  if (directory->find("/mesos/work") == std::string::npos || *agents != 1) fail("the flags are not laid out as they should be");
  *directory = work;
  *agents = isAgent ? 1 : 0;
  call(kLocalLaunch, memory(), flags, static_cast<void*>(nullptr));
  // Signals keep their usual effect here: one that is blocked would be so in all tasks.
  for (;;) pause();
}

}  // namespace

int main(int count, char** words) {
  if (std::string(basename(strdup(words[0]))) == "mesos-containerizer") return launchContainer(count, words);
  const std::string mode = count > 1 ? words[1] : "";
  if ((mode != "master" || count < 3) && (mode != "agent" || count < 4)) fail("usage: host master WORK [ZK] | host agent WORK MASTER");
  openLibrary();
  election = new Election(count > 3 ? words[3] : "");
  run(words[2], mode == "agent");
}
