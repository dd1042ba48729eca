#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>

// Variadic in C, so out of Swift's reach.
static inline int fovea_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static inline int fovea_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0); }

// A macro with a cast: every call that is not allowed fails with EPERM.
static inline uint32_t fovea_refuse_action(void) { return SCMP_ACT_ERRNO(EPERM); }
static inline uint32_t fovea_allow_action(void) { return SCMP_ACT_ALLOW; }

#include <spawn.h>

// Beyond POSIX, so hidden from Swift's view of glibc.
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
static inline int fovea_pipe(int descriptors[2], int flags) { return pipe2(descriptors, flags); }
static inline int fovea_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

#include <sys/resource.h>
extern int prlimit(pid_t process, int resource, const struct rlimit *limit, struct rlimit *old);
static inline int fovea_limit(pid_t process, int resource, rlim_t soft) {
    struct rlimit limit;
    if (prlimit(process, resource, 0, &limit) != 0) return -1;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    return prlimit(process, resource, &limit, 0);
}
