#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "Stamp.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { most = 64 };

int netsim_stamp_arrivals(int descriptor) {
    int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

static int64_t stamp_of(struct msghdr *header) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec time;
        memcpy(&time, CMSG_DATA(part), sizeof time);
        return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    }
    return 0;
}

int netsim_receive_stamped(
    int descriptor, uint8_t *buffer, size_t slot_size, int count, uint32_t *sizes, int64_t *stamps) {
    struct mmsghdr messages[most];
    struct iovec slots[most];
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } controls[most];
    if (count > most) count = most;
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < count; index++) {
        slots[index].iov_base = buffer + slot_size * (size_t)index;
        slots[index].iov_len = slot_size;
        messages[index].msg_hdr.msg_iov = &slots[index];
        messages[index].msg_hdr.msg_iovlen = 1;
        messages[index].msg_hdr.msg_control = &controls[index];
        messages[index].msg_hdr.msg_controllen = sizeof controls[index];
    }
    int got = recvmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT, 0);
    for (int index = 0; index < got; index++) {
        sizes[index] = messages[index].msg_len;
        stamps[index] = stamp_of(&messages[index].msg_hdr);
    }
    return got;
}
