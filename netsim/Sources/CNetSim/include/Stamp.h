/* Datagrams with the time at which the system had them. */
#ifndef FOVEA_CNETSIM_STAMP_H
#define FOVEA_CNETSIM_STAMP_H

#include <stddef.h>
#include <stdint.h>

/* Has the system stamp what arrives. Returns 0, or -1 with errno set. */
int netsim_stamp_arrivals(int descriptor);

/*
 * Takes up to `count` waiting datagrams, each to a slot of `slot_size` bytes
 * of `buffer`; what does not fit into its slot is cut off. `sizes` gets their
 * lengths and `stamps` their arrival in nanoseconds of CLOCK_REALTIME, or 0
 * where there is none. Returns how many there were, or -1 with errno set.
 */
int netsim_receive_stamped(
    int descriptor, uint8_t *buffer, size_t slot_size, int count, uint32_t *sizes, int64_t *stamps);

#endif
