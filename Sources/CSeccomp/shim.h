#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>

// Variadic in C, so out of Swift's reach.
static inline int fovea_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static inline int fovea_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0); }

// A macro with a cast: every call that is not allowed fails with EPERM.
static inline uint32_t fovea_refuse_action(void) { return SCMP_ACT_ERRNO(EPERM); }
static inline uint32_t fovea_allow_action(void) { return SCMP_ACT_ALLOW; }
