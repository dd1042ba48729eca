#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "Spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between fork and exec: only calls that are safe where other threads may have held locks. Returns only on failure. */
static void become(char *const arguments[], const struct netsim_spawn_options *options, pid_t parent) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
    /* The parent may have ended before it was watched. */
    if (getppid() != parent) _exit(127);
    if (options->own_group && setpgid(0, 0) != 0) return;
    if (options->network >= 0 && setns(options->network, CLONE_NEWNET) != 0) return;
    if (options->input >= 0 && dup2(options->input, 0) < 0) return;
    if (options->output >= 0 && dup2(options->output, 1) < 0) return;
    execvp(arguments[0], arguments);
}

int netsim_spawn(char *const arguments[], const struct netsim_spawn_options *options, int *process) {
    int report[2];
    pid_t parent = getpid();
    /* Closed by exec, so that an end without a word means success. */
    if (pipe2(report, O_CLOEXEC) != 0) return errno;
    pid_t child = fork();
    if (child == 0) {
        become(arguments, options, parent);
        int number = errno;
        ssize_t written = write(report[1], &number, sizeof number);
        _exit(written < 0 ? 126 : 127);
    }
    int failure = child < 0 ? errno : 0;
    close(report[1]);
    if (child > 0) {
        int number;
        ssize_t count;
        do count = read(report[0], &number, sizeof number);
        while (count < 0 && errno == EINTR);
        if (count == sizeof number) {
            failure = number;
            waitpid(child, 0, 0);
        }
    }
    close(report[0]);
    if (failure == 0) *process = child;
    return failure;
}
