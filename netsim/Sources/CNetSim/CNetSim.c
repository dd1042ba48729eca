#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "CNetSim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>

static struct timespec split(int64_t nanoseconds) {
    struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    return time;
}

int netsim_poll(struct pollfd *descriptors, unsigned long count, int64_t timeout_nanoseconds) {
    struct timespec timeout = split(timeout_nanoseconds);
    return ppoll(descriptors, (nfds_t)count, timeout_nanoseconds < 0 ? 0 : &timeout, 0);
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time = {0, 0};
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t netsim_monotonic_time(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t netsim_time_of_day(void) { return read_clock(CLOCK_REALTIME); }

void netsim_sleep(int64_t nanoseconds) {
    struct timespec time = split(nanoseconds);
    nanosleep(&time, 0);
}

int netsim_await_signal(const void *set, int64_t timeout_nanoseconds, int *cause) {
    struct timespec timeout = split(timeout_nanoseconds);
    siginfo_t details;
    int number = sigtimedwait(set, &details, &timeout);
    if (number <= 0) return 0;
    *cause = details.si_code;
    return number;
}

int netsim_wakeup_open(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int netsim_wakeup_signal(int descriptor) { return eventfd_write(descriptor, 1); }

int netsim_set_timer_slack(unsigned long nanoseconds) { return prctl(PR_SET_TIMERSLACK, nanoseconds, 0UL, 0UL, 0UL); }

int netsim_create_file(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); }

int netsim_open_input(const char *path) { return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }
