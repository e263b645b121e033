/* What the operating system says of this machine. */
#ifndef TOOL_MACHINE_H
#define TOOL_MACHINE_H

enum { CPU_MODEL_SIZE = 128 };

/* The processor's name, or "unknown". */
const char *machine_cpu_model(char model[CPU_MODEL_SIZE]);

/* Hardware threads that are online; at least 1. */
long machine_thread_count(void);

#endif
