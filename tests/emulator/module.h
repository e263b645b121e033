/* The program or shared library that the emulator has been linked into. */
#ifndef TESTS_EMULATOR_MODULE_H
#define TESTS_EMULATOR_MODULE_H

#include <link.h>

/* Shows it to `look`. */
void own_module(void (*look)(const struct dl_phdr_info *module));

#endif
