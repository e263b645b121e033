/* The processor of this machine. */
#ifndef TOOL_MACHINE_H
#define TOOL_MACHINE_H

enum { CPU_MODEL_SIZE = 128 };

/* The processor's name from Linux' list of processors, or "unknown": other systems have no such
 * list, and not every architecture names it. */
const char *cpu_model(char model[CPU_MODEL_SIZE]);

long hardware_threads(void);

/* What the cpu backend uses of this processor. */
const char *kernels_text(void);

#endif
