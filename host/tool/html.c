#include "html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Room for several paths. */
enum { TEXT_SIZE = 16384 };

/* The bytes of the letter of UTF-8 that begins here, or 0 where none does. What Unicode has for
 * controls and for no letter at all is none: HTML forbids it. */
static size_t letter_length(const unsigned char *text) {
    static const uint32_t least[] = {0, 0xa0, 0x800, 0x10000}; /* below 0xa0 are controls */
    const size_t more = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 1 : text[0] < 0xf0 ? 2 : 3;
    uint32_t letter = text[0] & (0x3fU >> more);

    if (text[0] < 0x80)
        return (text[0] >= 0x20 && text[0] != 0x7f) || text[0] == '\n';
    if (more == 0 || text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80) /* a terminating 0 neither */
            return 0;
        letter = letter << 6 | (text[i] & 0x3fU);
    }
    if (letter < least[more] || letter > 0x10ffff || (letter >= 0xd800 && letter <= 0xdfff) ||
        (letter >= 0xfdd0 && letter <= 0xfdef) || (letter & 0xfffe) == 0xfffe)
        return 0;
    return more + 1;
}

static void write_letter(FILE *page, const char *letter, size_t length) {
    static const char meant[] = "<>&\"'";
    static const char *const escapes[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    const char *const found = strchr(meant, letter[0]);

    if (found != NULL)
        (void)fputs(escapes[found - meant], page);
    else
        (void)fwrite(letter, 1, length, page);
}

void html_escape(FILE *page, const char *text) {
    while (*text != '\0') {
        const size_t length = letter_length((const unsigned char *)text);

        if (length > 0)
            write_letter(page, text, length);
        else
            (void)fputc('?', page);
        text += length > 0 ? length : 1;
    }
}

static void write_text(FILE *page, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void write_text(FILE *page, const char *format, va_list arguments) {
    char text[TEXT_SIZE];

    (void)vsnprintf(text, sizeof text, format, arguments);
    html_escape(page, text);
}

void html_text(FILE *page, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    write_text(page, format, arguments);
    va_end(arguments);
}

void html_element(FILE *page, const char *tag, const char *format, ...) {
    va_list arguments;

    (void)fprintf(page, "<%s>", tag);
    va_start(arguments, format);
    write_text(page, format, arguments);
    va_end(arguments);
    (void)fprintf(page, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_section(FILE *page, const char *id, const char *title) {
    (void)fprintf(page, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n", id, id);
    (void)fprintf(page, "<h2 id=\"%s-title\">", id);
    html_escape(page, title);
    (void)fputs("</h2>\n", page);
}

void html_scroll_box(FILE *page, const char *label) {
    (void)fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", page);
    html_escape(page, label);
    (void)fputs("\">\n", page);
}

void html_table_head(FILE *page, const char *const *titles, size_t count) {
    (void)fputs("<thead><tr>", page);
    for (size_t i = 0; i < count; i++)
        html_element(page, titles[i][0] != '\0' ? "th scope=\"col\"" : "td", "%s", titles[i]);
    (void)fputs("</tr></thead>\n", page);
}

void html_base64(FILE *page, const unsigned char *bytes, size_t count) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const unsigned group = (unsigned)bytes[i] << 16 |
                               (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? (unsigned)bytes[i + 2] : 0);

        (void)fputc(digits[group >> 18], page);
        (void)fputc(digits[group >> 12 & 63], page);
        (void)fputc(left > 1 ? digits[group >> 6 & 63] : '=', page);
        (void)fputc(left > 2 ? digits[group & 63] : '=', page);
    }
}
