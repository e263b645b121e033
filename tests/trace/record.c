#include "record.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 1 << 16, LINE_SIZE = 1024, MOST_ADDRESSES = 64, ADDRESS_SIZE = 32 };

static const char *path(void) {
    const char *record = getenv("NVTX_RECORD");
    ck_assert_msg(record != NULL && getenv("NVTX_INJECTION64_PATH") != NULL,
                  "NVTX_RECORD and NVTX_INJECTION64_PATH have to be set, as CTest does");
    return record;
}

void record_begin(void) {
    FILE *file = fopen(path(), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
}

static int number_of(char addresses[MOST_ADDRESSES][ADDRESS_SIZE], const char *address) {
    int i = 0;
    for (; addresses[i][0] != 0 && strcmp(addresses[i], address) != 0; i++)
        ck_assert_int_lt(i + 1, MOST_ADDRESSES);
    (void)snprintf(addresses[i], ADDRESS_SIZE, "%s", address);
    return i + 1;
}

static const char *read_record(const char *event) {
    static char text[TEXT_SIZE];
    char addresses[MOST_ADDRESSES][ADDRESS_SIZE] = {{0}};
    char line[LINE_SIZE];
    size_t length = 0;
    FILE *file = fopen(path(), "r");
    ck_assert_ptr_nonnull(file);
    text[0] = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        line[strcspn(line, "\n")] = 0;
        (void)strsep(&rest, "\t"); /* process */
        (void)strsep(&rest, "\t"); /* thread */
        ck_assert_ptr_nonnull(rest);
        const size_t start = length;
        bool is_first = true;
        for (char *word; (word = strsep(&rest, "\t")) != NULL; is_first = false) {
            if (is_first && event != NULL && strcmp(word, event) != 0)
                break;
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s", is_first ? "" : " ");
            length += strncmp(word, "0x", 2) == 0
                          ? (size_t)snprintf(text + length, sizeof text - length, "#%d",
                                             number_of(addresses, word))
                          : (size_t)snprintf(text + length, sizeof text - length, "%s", word);
            ck_assert_uint_lt(length, sizeof text - 2);
        }
        if (length > start)
            length += (size_t)snprintf(text + length, sizeof text - length, "\n");
    }
    ck_assert_int_eq(fclose(file), 0);
    return text;
}

const char *record_text(void) {
    return read_record(NULL);
}

const char *record_of(const char *event) {
    return read_record(event);
}

void record_is(const char *lines) {
    ck_assert_str_eq(record_text(), lines);
}
