/* Preloaded into a process: every sync to disk fails with an input/output error from the moment
 * on at which the file that FAILING_SYNC names is there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void) {
    const char *flag = getenv("FAILING_SYNC");
    if (flag == NULL || access(flag, F_OK) != 0) {
        return 0;
    }
    errno = EIO;
    return 1;
}

int fsync(int file) { return fails() ? -1 : (int)syscall(SYS_fsync, file); }

int fdatasync(int file) { return fails() ? -1 : (int)syscall(SYS_fdatasync, file); }

int sync_file_range(int file, off_t offset, off_t length, unsigned int flags) {
    return fails() ? -1 : (int)syscall(SYS_sync_file_range, file, offset, length, flags);
}
