/* The program or shared library that the emulator has been linked into. */
#include "module.h"

#include <stddef.h>
#include <stdint.h>

typedef void look_function(const struct dl_phdr_info *module);

/* Any variable of ours tells which one it is. */
static look_function *looks;

static int look_if_ours(struct dl_phdr_info *module, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &module->dlpi_phdr[i];
        const uintptr_t low = module->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (uintptr_t)&looks - low < header->p_memsz) {
            looks(module);
            return 1;
        }
    }
    return 0;
}

void own_module(look_function *look) {
    looks = look;
    (void)dl_iterate_phdr(look_if_ours, NULL);
}
