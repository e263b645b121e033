/* Keeping outputs off the inputs. */
#ifndef TOOL_SAME_FILE_H
#define TOOL_SAME_FILE_H

#include <stdbool.h>

/* Whether writing one path would change what the other one names: the same ordinary file under
 * both names, links followed, or one name in one folder for a file that is yet to come. Devices
 * and pipes are nobody's data. */
bool same_file(const char *a, const char *b);

#endif
