/* The files of the libraries that are looked for at run time; NULL ends each list. */
#ifndef DENSEBLOCK_HOST_LIBRARY_FILES_H
#define DENSEBLOCK_HOST_LIBRARY_FILES_H

extern const char *const dblk_cublas_files[], *const dblk_cudnn_files[], *const dblk_nvml_files[];

#endif
