/* Starts programs. */
#ifndef FOVEA_CNETSIM_SPAWN_H
#define FOVEA_CNETSIM_SPAWN_H

struct netsim_spawn_options {
    int network;   /* the network namespace it runs in, or -1 for the caller's */
    int input;     /* its standard input, or -1 for the caller's */
    int output;    /* its standard output, or -1 for the caller's */
    int own_group; /* whether it leads a process group of its own */
};

/*
 * Runs a program found on PATH, with all signals at their defaults and none
 * blocked; it is killed when the calling thread ends. Returns 0 and its
 * process ID, or an errno value when it could not be started.
 */
int netsim_spawn(char *const arguments[], const struct netsim_spawn_options *options, int *process);

#endif
