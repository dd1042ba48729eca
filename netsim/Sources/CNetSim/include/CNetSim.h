/*
 * The calls the relay needs that Swift's Glibc module leaves out: those that
 * are variadic, and those behind _GNU_SOURCE. Each returns what the system
 * call returns; errno is left as the call set it.
 */
#ifndef FOVEA_CNETSIM_H
#define FOVEA_CNETSIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>

/* Waits for `count` descriptors; a negative time-out waits without end. */
static inline int netsim_poll(struct pollfd *descriptors, unsigned long count, long long timeout_nanoseconds) {
    struct timespec timeout;
    timeout.tv_sec = (time_t)(timeout_nanoseconds / 1000000000LL);
    timeout.tv_nsec = (long)(timeout_nanoseconds % 1000000000LL);
    return ppoll(descriptors, (nfds_t)count, timeout_nanoseconds < 0 ? 0 : &timeout, 0);
}

/* A non-blocking descriptor that another thread can make readable. */
static inline int netsim_wakeup_open(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static inline int netsim_wakeup_signal(int descriptor) {
    return eventfd_write(descriptor, 1);
}

/* The default slack of 50 us is longer than a full datagram takes at 300 Mbit/s. */
static inline int netsim_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0UL, 0UL, 0UL);
}

static inline int netsim_create_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* Does not wait for a pipe's other end; regular files do not mind. */
static inline int netsim_open_input(const char *path) {
    return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

#endif
