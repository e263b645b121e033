/* Files that appear whole or not at all. The data goes to a file without a name (O_TMPFILE),
 * which vanishes by itself when the program is killed, and gets its name at the end. Where the
 * file system has no such files, it has a temporary name from the start, which a killed program
 * leaves behind. */
#include "files/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status/fail.h"

struct denseblock_output {
    FILE *stream;
    char *path;      /* as it was given */
    char *target;    /* what is replaced: path with symbolic links followed */
    char *temporary; /* in target's folder */
    bool special;    /* /dev/null, a pipe: written as it is */
    bool named;      /* `temporary` exists */
};

enum { PERMISSIONS = 0666, PERMISSION_BITS = 0777 }; /* the user's umask is taken off */

const char *dblk_output_path(const denseblock_output *output) {
    return output->path;
}

FILE *denseblock_output_stream(denseblock_output *output) {
    return output->stream;
}

static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* A new name beside the target at each call: several threads or processes may write there. */
static void choose_temporary(denseblock_output *output) {
    static atomic_uint counter;
    const size_t folder = folder_length(output->target);
    (void)sprintf(output->temporary, "%.*s.denseblock-%ld-%u.tmp", (int)folder, output->target,
                  (long)getpid(), atomic_fetch_add(&counter, 1U));
}

/* The path as it is from anywhere, links followed: the program may change its folder before the
 * commit. Of malloc; NULL where there is no memory. */
static char *resolve(const char *path) {
    char *found = realpath(path, NULL);
    if (found != NULL || errno == ENOMEM)
        return found;
    /* There is no such file yet: its folder is what can be resolved. */
    const size_t length = folder_length(path);
    char *folder = length == 0 ? strdup(".") : strndup(path, length);
    char *resolved = folder == NULL ? NULL : realpath(folder, NULL);
    char *joined = NULL;
    if (resolved != NULL) {
        joined = malloc(strlen(resolved) + strlen(path) + 2);
        if (joined != NULL)
            (void)sprintf(joined, "%s/%s", resolved, path + length);
    } else if (folder != NULL && errno != ENOMEM) {
        joined = strdup(path); /* nor its folder: opening it will say so */
    }
    free(resolved);
    free(folder);
    return joined;
}

static denseblock_status allocate(const char *path, denseblock_output **output) {
    enum { TEMPORARY_NAME_MOST = 80 };
    denseblock_output *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->path = strdup(path);
        made->target = resolve(path);
        if (made->target != NULL)
            made->temporary = malloc(strlen(made->target) + TEMPORARY_NAME_MOST);
    }
    if (made == NULL || made->path == NULL || made->target == NULL || made->temporary == NULL) {
        denseblock_output_discard(made);
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "%s: no memory to open it", path);
    }
    *output = made;
    return DENSEBLOCK_OK;
}

/* A file without a name, in the folder of the target; -1 where that is not to be had. */
static int open_unnamed(const denseblock_output *output) {
    if (access("/proc/self/fd", X_OK) != 0) /* the way to its name leads through there */
        return -1;
    char *folder = output->temporary; /* the name to come has room for it */
    (void)sprintf(folder, "%.*s.", (int)folder_length(output->target), output->target);
    return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, PERMISSIONS);
}

static int open_named(denseblock_output *output) {
    int fd;
    do {
        choose_temporary(output);
        fd = open(output->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, PERMISSIONS);
    } while (fd < 0 && errno == EEXIST);
    output->named = fd >= 0;
    return fd;
}

static denseblock_status cannot_write(const char *path, const char *why) {
    return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: cannot be written: %s", path, why);
}

static denseblock_status open_stream(denseblock_output *output) {
    struct stat old;
    if (output->target[folder_length(output->target)] == 0)
        return cannot_write(output->path, "its name is empty");
    const bool exists = stat(output->target, &old) == 0;
    if (!exists && errno != ENOENT)
        return cannot_write(output->path, strerror(errno));
    if (!exists && lstat(output->target, &old) == 0)
        return cannot_write(output->path, "it is a symbolic link to a file that does not exist");
    if (exists && S_ISDIR(old.st_mode))
        return cannot_write(output->path, "it is a folder");
    if (exists && access(output->target, W_OK) != 0) /* a rename would not ask */
        return cannot_write(output->path, strerror(errno));

    output->special = exists && !S_ISREG(old.st_mode);
    int fd = output->special ? open(output->target, O_WRONLY | O_CLOEXEC | O_NOCTTY)
                             : open_unnamed(output);
    if (fd < 0 && !output->special)
        fd = open_named(output);
    if (fd < 0)
        return cannot_write(output->path, strerror(errno));
    output->stream = fdopen(fd, "wb");
    if (output->stream == NULL) {
        close(fd);
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "%s: no memory to open it", output->path);
    }
    if (exists && !output->special && fchmod(fd, old.st_mode & PERMISSION_BITS) != 0)
        return cannot_write(output->path, strerror(errno));
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_output_open(const char *path, denseblock_output **output) {
    if (output != NULL)
        *output = NULL;
    if (path == NULL || output == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_output_open: %s is NULL",
                         path == NULL ? "path" : "output");
    denseblock_output *made = NULL;
    denseblock_status status = allocate(path, &made);
    if (status != DENSEBLOCK_OK)
        return status;
    status = open_stream(made);
    if (status != DENSEBLOCK_OK) {
        denseblock_output_discard(made);
        return status;
    }
    *output = made;
    return DENSEBLOCK_OK;
}

/* Gives the finished file without a name a temporary one. A link cannot replace an older file,
 * as a rename can, so it does not get its own name at once. */
static int link_temporary(denseblock_output *output) {
    char descriptor[64];
    (void)snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", fileno(output->stream));
    int result;
    do {
        choose_temporary(output);
        result = linkat(AT_FDCWD, descriptor, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW);
    } while (result != 0 && errno == EEXIST);
    output->named = result == 0;
    return result;
}

/* The steps of a commit; false, and errno set, at the first that fails. */
static bool put_in_place(denseblock_output *output) {
    if (ferror(output->stream) || fflush(output->stream) != 0)
        return false;
    if (output->special)
        return true;
    if (fsync(fileno(output->stream)) != 0)
        return false;
    if (!output->named && link_temporary(output) != 0)
        return false;
    if (rename(output->temporary, output->target) != 0)
        return false;
    output->named = false;
    return true;
}

denseblock_status denseblock_output_commit(denseblock_output *output) {
    if (output == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_output_commit: output is NULL");
    denseblock_status status = DENSEBLOCK_OK;
    errno = 0;
    if (!put_in_place(output))
        status = dblk_fail(DENSEBLOCK_IO_FAILED, "%s: writing failed: %s", output->path,
                           errno == 0 ? "an earlier write failed" : strerror(errno));
    denseblock_output_discard(output);
    return status;
}

void denseblock_output_discard(denseblock_output *output) {
    if (output == NULL)
        return;
    if (output->stream != NULL)
        (void)fclose(output->stream); /* what counts was flushed and synced before */
    if (output->named)
        unlink(output->temporary);
    free(output->temporary);
    free(output->target);
    free(output->path);
    free(output);
}
