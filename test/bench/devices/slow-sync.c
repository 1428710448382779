/* Preloaded into a process: counts what it makes durable and how long that takes, and may make it slower.
 * GUICHET_SYNC_FILE: two 64-bit numbers, calls and nanoseconds. GUICHET_SYNC_MS: added to each call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t *counts;
static long added_ms;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("GUICHET_SYNC_FILE");
  const char *ms = getenv("GUICHET_SYNC_MS");
  if (ms) added_ms = atol(ms);
  if (!path) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  counts = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (counts == MAP_FAILED) abort();
  close(fd);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int slowly(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int64_t from = now();
  if (added_ms) {
    struct timespec wait = {added_ms / 1000, (added_ms % 1000) * 1000000L};
    nanosleep(&wait, NULL);
  }
  int result = real(fd);
  if (counts) {
    __sync_fetch_and_add(&counts[1], (uint64_t)(now() - from));
    __sync_fetch_and_add(&counts[0], 1);
  }
  return result;
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
