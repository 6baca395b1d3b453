/* What a power cut would leave behind, for LD_PRELOAD.
 *
 * At each fsync and fdatasync of a file of the folder $POWER_FOLDER the file, as it is at that moment, is copied to the
 * folder $POWER_LEFT, over an earlier copy. At each fsync of the folder itself the names of its files go to
 * $POWER_LEFT/names: a file whose name is not among them would not be found again. What fails here ends the process, so
 * that nothing is ever missing in silence.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(int holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static void path_of(const char *name, char *path)
{
    must(snprintf(path, PATH_MAX, "%s/%s", getenv("POWER_LEFT"), name) < PATH_MAX, "POWER_LEFT");
}

/* In place: a kill in its midst leaves some of what a sync that never returned was to bring, as a power cut may. */
static void keep_file(int file, const char *name)
{
    char path[PATH_MAX];
    struct stat is;
    off_t at = 0;
    path_of(name, path);
    int copy = open(path, O_WRONLY | O_CREAT, 0600);
    must(copy >= 0, path);
    must(fstat(file, &is) == 0, name);
    while (at < is.st_size)
        must(sendfile(copy, file, &at, is.st_size - at) > 0, path);
    must(ftruncate(copy, is.st_size) == 0 && close(copy) == 0, path);
}

static void keep_names(const char *folder)
{
    char path[PATH_MAX], draft[PATH_MAX];
    path_of("names", path);
    path_of("names.draft", draft);
    FILE *names = fopen(draft, "w");
    DIR *entries = opendir(folder);
    must(names && entries, draft);
    for (struct dirent *entry; (entry = readdir(entries));)
        fprintf(names, "%s\n", entry->d_name);
    must(closedir(entries) == 0 && fclose(names) == 0 && rename(draft, path) == 0, path);
}

static void keep(int file)
{
    char link[64], path[PATH_MAX];
    const char *folder = getenv("POWER_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!folder || length < 0)
        return;
    path[length] = 0;
    if (strcmp(path, folder) == 0)
        keep_names(folder);
    else if (strncmp(path, folder, strlen(folder)) == 0 && strrchr(path, '/') == path + strlen(folder))
        keep_file(file, strrchr(path, '/') + 1);
}

static int synced(const char *call, int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    int result = real(file);
    if (result == 0)
        keep(file);
    return result;
}

int fsync(int file) { return synced("fsync", file); }
int fdatasync(int file) { return synced("fdatasync", file); }
