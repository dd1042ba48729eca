#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "Namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int netsim_unshare_user(void) { return unshare(CLONE_NEWUSER); }

int netsim_unshare_network(void) { return unshare(CLONE_NEWNET); }

int netsim_network_open(void) { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

int netsim_network_enter(int network) { return setns(network, CLONE_NEWNET); }

static void close_keeping_errno(int descriptor) {
    int number = errno;
    close(descriptor);
    errno = number;
}

static void set_name(struct ifreq *request, const char *name) {
    memset(request, 0, sizeof *request);
    strncpy(request->ifr_name, name, IFNAMSIZ - 1);
}

int netsim_tunnel_open(const char *name) {
    int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    struct ifreq request;
    set_name(&request, name);
    /* Without a header in front of each packet, and so without offloads: what is read is what a wire would carry. */
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(descriptor, TUNSETIFF, &request) == 0) return descriptor;
    close_keeping_errno(descriptor);
    return -1;
}

static int set_address(int control, const char *name, unsigned long call, uint32_t address) {
    struct ifreq request;
    struct sockaddr_in value;
    set_name(&request, name);
    memset(&value, 0, sizeof value);
    value.sin_family = AF_INET;
    value.sin_addr.s_addr = htonl(address);
    memcpy(&request.ifr_addr, &value, sizeof value);
    return ioctl(control, call, &request);
}

static int take_up(int control, const char *name) {
    struct ifreq request;
    set_name(&request, name);
    if (ioctl(control, SIOCGIFFLAGS, &request) != 0) return -1;
    request.ifr_flags |= IFF_UP;
    return ioctl(control, SIOCSIFFLAGS, &request);
}

static int start(int control, const char *name, uint32_t address, uint32_t mask, int mtu, int queue_length) {
    struct ifreq request;
    set_name(&request, name);
    request.ifr_mtu = mtu;
    if (ioctl(control, SIOCSIFMTU, &request) != 0) return -1;
    set_name(&request, name);
    request.ifr_qlen = queue_length;
    /* A longer queue takes rights that a user namespace does not give; the default does for all but bursts. */
    (void)ioctl(control, SIOCSIFTXQLEN, &request);
    if (set_address(control, name, SIOCSIFADDR, address) != 0) return -1;
    if (set_address(control, name, SIOCSIFNETMASK, mask) != 0) return -1;
    return take_up(control, name);
}

int netsim_device_start(const char *name, uint32_t address, uint32_t mask, int mtu, int queue_length) {
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) return -1;
    int result = start(control, name, address, mask, mtu, queue_length);
    close_keeping_errno(control);
    return result;
}

int netsim_device_add_ipv6(const char *name, const uint8_t address[16]) {
    /* As in linux/ipv6.h, which cannot be included beside netinet/in.h. */
    struct {
        struct in6_addr address;
        uint32_t prefix_length;
        int index;
    } request;
    int control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) return -1;
    memcpy(&request.address, address, sizeof request.address);
    request.prefix_length = 64;
    request.index = (int)if_nametoindex(name);
    int result = request.index == 0 ? -1 : ioctl(control, SIOCSIFADDR, &request);
    close_keeping_errno(control);
    return result;
}

int netsim_loopback_start(void) {
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) return -1;
    int result = take_up(control, "lo");
    close_keeping_errno(control);
    return result;
}
