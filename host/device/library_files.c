#include "device/library_files.h"

#include <stddef.h>

/* The functions that we call are the same in both. */
const char *const dblk_cublas_files[] = {"libcublas.so.13", "libcublas.so.12", NULL};

/* It loads the libraries that it consists of itself. */
const char *const dblk_cudnn_files[] = {"libcudnn.so.9", NULL};

/* A part of the driver. */
const char *const dblk_nvml_files[] = {"libnvidia-ml.so.1", NULL};
