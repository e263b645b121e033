#include "same_file.h"

#include <string.h>
#include <sys/stat.h>

enum { FOLDER_SIZE = 4096 };

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The folder of a path. False where it does not exist, or its name is longer than any may be. */
static bool stat_folder(const char *path, struct stat *status) {
    const size_t length = (size_t)(base_name(path) - path);
    char folder[FOLDER_SIZE];

    if (length == 0)
        return stat(".", status) == 0;
    if (length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return stat(folder, status) == 0;
}

static bool same_inode(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool same_file(const char *a, const char *b) {
    struct stat status_a;
    struct stat status_b;
    const bool exists_a = stat(a, &status_a) == 0;
    const bool exists_b = stat(b, &status_b) == 0;

    if (exists_a && exists_b)
        return S_ISREG(status_a.st_mode) && same_inode(&status_a, &status_b);
    if (exists_a || exists_b)
        return false;
    return strcmp(base_name(a), base_name(b)) == 0 && stat_folder(a, &status_a) &&
           stat_folder(b, &status_b) && same_inode(&status_a, &status_b);
}
