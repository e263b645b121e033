/* HTML: text, and the elements that hold it. Errors of the stream are left for its end. */
#ifndef TOOL_HTML_H
#define TOOL_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Writes text, of any length, so that it is text whatever it holds: what HTML gives a meaning is
 * escaped, in values of attributes too, and what is no letter of UTF-8 or a control becomes '?'. */
void html_escape(FILE *page, const char *text);

/* The same for a format; what is longer than some kilobytes is cut. */
void html_text(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes an element that holds such text.
 *
 *   tag   "td", or with attributes "td class=\"number\"" */
void html_element(FILE *page, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Begins a section with its heading; it ends with "</section>". `id` is a name as HTML has them. */
void html_section(FILE *page, const char *id, const char *title);

/* Begins a box in which what is wider than the page can be scrolled, with keys too; it ends with
 * "</div>".
 *
 *   label   what is in it, for those who cannot see it */
void html_scroll_box(FILE *page, const char *label);

/* Writes the head of a table: a column for each title; "" for one that needs none. */
void html_table_head(FILE *page, const char *const *titles, size_t count);

/* Writes bytes in base64, as URLs of data have them. */
void html_base64(FILE *page, const unsigned char *bytes, size_t count);

#endif
