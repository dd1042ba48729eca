/*
 * Network namespaces and TUN devices. Each call returns 0 or a descriptor, or
 * -1 with errno set.
 */
#ifndef FOVEA_CNETSIM_NAMESPACE_H
#define FOVEA_CNETSIM_NAMESPACE_H

#include <stdint.h>

/* Moves the calling thread to a user namespace of its own; fails in a process of several threads. */
int netsim_unshare_user(void);

/* Moves the calling thread to a network namespace of its own, which lasts as long as anything in it or a descriptor of it. */
int netsim_unshare_network(void);

/* A descriptor of the calling thread's network namespace. */
int netsim_network_open(void);

/* Moves the calling thread to the network namespace that the descriptor stands for. */
int netsim_network_enter(int network);

/* Creates a TUN device in the calling thread's network namespace. It goes with its descriptor, which does not block. */
int netsim_tunnel_open(const char *name);

/* Gives a device its IPv4 address (both in host order) and MTU, and takes it up. */
int netsim_device_start(const char *name, uint32_t address, uint32_t mask, int mtu, int queue_length);

/* Adds an IPv6 address with a prefix of 64 bits to a device. */
int netsim_device_add_ipv6(const char *name, const uint8_t address[16]);

int netsim_loopback_start(void);

#endif
