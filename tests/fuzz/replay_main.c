/* Replays corpus files (arguments: files or folders) through a fuzz target, so that every build
 * runs them; fails when a named folder holds no file, so an emptied corpus cannot pass unseen. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t capacity = 1 << 16, length = 0, got;
    uint8_t *data = malloc(capacity);
    while (data && (got = fread(data + length, 1, capacity - length, file)) > 0) {
        length += got;
        if (length == capacity) data = realloc(data, capacity *= 2);
    }
    fclose(file);
    if (!data) abort();
    /* An exact-size copy, so that the sanitizer sees a read past the end. */
    uint8_t *exact = malloc(length ? length : 1);
    if (!exact) abort();
    for (size_t i = 0; i < length; i++)
        exact[i] = data[i];
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    free(data);
    return 1;
}

static int replay(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return replay_file(path);
    int count = 0;
    struct dirent *entry;
    char name[4096];
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count += replay_file(name);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (!count) {
            fprintf(stderr, "%s: no corpus file\n", argv[i]);
            return 1;
        }
        total += count;
    }
    printf("%d inputs replayed\n", total);
    return total ? 0 : 1;
}
