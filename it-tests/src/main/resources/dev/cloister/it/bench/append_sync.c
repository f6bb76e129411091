/* The rival of the audit log: a loop that appends a batch of lines to a file and forces it to the medium.
 * Usage: append_sync FILE SECONDS LINES BYTES; prints lines per second. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) return 64;
  double seconds = atof(argv[2]);
  long lines = atol(argv[3]);
  size_t bytes = (size_t)lines * (size_t)atol(argv[4]);
  char *batch = malloc(bytes);
  if (!batch) die("malloc");
  memset(batch, 'x', bytes);
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) die(argv[1]);
  long batches = 0;
  double start = now();
  while (now() - start < seconds) {
    if (write(fd, batch, bytes) != (ssize_t)bytes) die("write");
    if (fdatasync(fd)) die("fdatasync");
    batches++;
  }
  printf("%.1f\n", (double)(batches * lines) / (now() - start));
  return 0;
}
