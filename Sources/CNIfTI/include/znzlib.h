// nifti2_io.h asks for this header without its folder.
#include <nifti/znzlib.h>
