#ifndef FOVEA_CNIFTI_H
#define FOVEA_CNIFTI_H
#include <nifti/nifti2_io.h>
#endif
