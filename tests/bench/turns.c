/* Two programs on one llama.cpp take turns: each waits in llama_memory_clear until it is its own.

   llama-bench clears the context before each repetition and our engine before each request, both
   outside of what is timed. Wrapped there, requests of one run between those of the other, less
   than seconds apart, with both models loaded: what else the machine does meets both alike.

   TURNS names a file with the table below that both map, TURNS_SIDE is 0 or 1. Whoever calls gives
   its turn away and waits for the next; the first turn is given once both have called. A side that
   ended gives all turns to the other. TURNS_CPU, where it is set, is the CPU that both compute on:
   two may differ in speed for as long as a process lasts. Loaded by LD_PRELOAD, or in place of
   libllama.so with the real one as its dependency (LLAMA_CPP_LIB_PATH of llama-cpp-python). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HERE = 1, GONE = 2, WAIT_S = 120 };

struct table {
    _Atomic int32_t turn;    /* 1 + side whose turn it is; 0 before both are here */
    int32_t first;           /* side that begins */
    _Atomic int32_t side[2]; /* 0, HERE, GONE */
};

static struct table * table;
static int me;
static void (*clear)(void *, bool);

static void die(const char * what) {
    fprintf(stderr, "turns: %s\n", what);
    _exit(3);
}

static void give(int side) {
    atomic_store(&table->turn, 1 + side);
    syscall(SYS_futex, &table->turn, FUTEX_WAKE, 2, NULL, NULL, 0);
}

static void start(void) {
    const char *path = getenv("TURNS"), *side = getenv("TURNS_SIDE");
    if (!path || !side) { die("TURNS and TURNS_SIDE are not set"); }
    int file = open(path, O_RDWR);
    if (file < 0) { die("the file of TURNS cannot be opened"); }
    table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (table == MAP_FAILED) { die("the file of TURNS cannot be mapped"); }
    me = atoi(side) ? 1 : 0;
    const char * cpu = getenv("TURNS_CPU");
    if (cpu) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(atoi(cpu), &one);
        if (sched_setaffinity(0, sizeof one, &one)) { die("the CPU of TURNS_CPU cannot be had"); }
    }
    /* Not RTLD_NEXT, which looks in the main program's libraries alone. */
    void * real = dlopen("libllama.so.0", RTLD_LAZY | RTLD_NOLOAD);
    if (!real || !(clear = (void (*)(void *, bool)) dlsym(real, "llama_memory_clear"))) {
        die("no libllama.so.0 with llama_memory_clear");
    }
    atomic_store(&table->side[me], HERE);
}

void llama_memory_clear(void * memory, bool data) {
    if (!table) {
        start();
        int32_t nobody = 0;
        if (atomic_load(&table->side[1 - me]) == HERE && atomic_compare_exchange_strong(&table->turn, &nobody, 1 + table->first)) {
            give(table->first);
        }
    } else {
        give(1 - me);
    }
    int32_t seen;
    while ((seen = atomic_load(&table->turn)) != 1 + me && atomic_load(&table->side[1 - me]) != GONE) {
        struct timespec limit = {WAIT_S, 0};
        if (syscall(SYS_futex, &table->turn, FUTEX_WAIT, seen, &limit, NULL, 0) < 0 && errno == ETIMEDOUT) {
            die("the other side has not given its turn away");
        }
    }
    clear(memory, data);
}

__attribute__((destructor)) static void end(void) {
    if (table) {
        atomic_store(&table->side[me], GONE);
        give(1 - me);
    }
}
