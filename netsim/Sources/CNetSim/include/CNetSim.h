/*
 * The calls the relay needs that Swift's Glibc module leaves out: those that
 * are variadic, and those behind _GNU_SOURCE. Each returns what the system
 * call returns; errno is left as the call set it.
 *
 * The headers of this module include next to nothing: what a system header
 * declares under _GNU_SOURCE differs from what Swift's own modules have seen,
 * and the two then do not go together. Times are nanoseconds for that reason.
 */
#ifndef FOVEA_CNETSIM_H
#define FOVEA_CNETSIM_H

#include <stdint.h>

struct pollfd;

/* Waits for `count` descriptors; a negative time-out waits without end. */
int netsim_poll(struct pollfd *descriptors, unsigned long count, int64_t timeout_nanoseconds);

/* The time since the system was started, and the time of day. */
int64_t netsim_monotonic_time(void);
int64_t netsim_time_of_day(void);

void netsim_sleep(int64_t nanoseconds);

/*
 * Takes a signal of a blocked set (a sigset_t); returns 0 when none comes in
 * time. Those that the kernel has sent have a positive cause.
 */
int netsim_await_signal(const void *set, int64_t timeout_nanoseconds, int *cause);

/* A non-blocking descriptor that another thread can make readable. */
int netsim_wakeup_open(void);
int netsim_wakeup_signal(int descriptor);

/* The default slack of 50 us is longer than a full datagram takes at 300 Mbit/s. */
int netsim_set_timer_slack(unsigned long nanoseconds);

int netsim_create_file(const char *path);

/* Does not wait for a pipe's other end; regular files do not mind. */
int netsim_open_input(const char *path);

#endif
