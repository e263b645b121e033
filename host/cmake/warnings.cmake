# The warnings that our C code is free of. Presets for CI make them errors; for users they never
# are.
set(DENSEBLOCK_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings)
