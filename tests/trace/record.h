/* What the recorder (recorder.c) has written, for suites that run with it. */
#ifndef DENSEBLOCK_TESTS_RECORD_H
#define DENSEBLOCK_TESTS_RECORD_H

/* Empties the record. */
void record_begin(void);

/* What has come since: the lines of the recorder without process and thread, words with blanks
 * between them, and in place of each address its number, in the order of appearance: #1, #2. Valid
 * until the next call. */
const char *record_text(void);

/* The same, without the lines of events that are not the one. */
const char *record_of(const char *event);

/* The record is these lines. */
void record_is(const char *lines);

#endif
