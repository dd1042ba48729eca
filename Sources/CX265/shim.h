#include <stdint.h>
#include <stdio.h>
#include <x265.h>

// x265 names these two after its build number by token pasting, which Swift cannot see.
static inline const x265_api *fovea_x265_api(int bit_depth) { return x265_api_get(bit_depth); }
