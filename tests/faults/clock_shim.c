/* Shifts CLOCK_REALTIME by the seconds that stand in the file named by CLOCK_SHIM. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *now) {
    int status = (int)syscall(SYS_clock_gettime, id, now);
    const char *path = getenv("CLOCK_SHIM");
    FILE *file = id == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    long shift = 0;
    if (file && fscanf(file, "%ld", &shift) == 1) now->tv_sec += shift;
    if (file) fclose(file);
    return status;
}
