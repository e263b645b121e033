/* The rehearsal's GPU: the same source on the runtime double. */
#include "conformance_sm90_device.cu"
