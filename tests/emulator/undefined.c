/* What the compiler calls where arithmetic has no defined result: code that is compiled with
 * -fsanitize=signed-integer-overflow and its like. Host code of the same files is watched too. */
#include "runtime.h"

/* Every description begins with the place in the source. */
struct place {
    const char *file;
    uint32_t line, column;
};

static const struct emulator_launch host = {.name = "host code"};

static void found(const struct place *place, const void *caller, const char *what) {
    const struct emulator_launch *launch = now.launch;
    if (now.thread == NULL)
        now.launch = &host;
    report(EMULATOR_UNDEFINED, caller, "%s at %s:%u:%u", what, place->file, place->line,
           place->column);
    now.launch = launch;
}

/* The operands that were wrong say less than the line. */
#define HANDLER(name, what, ...)                             \
    void __ubsan_handle_##name(void *place, ##__VA_ARGS__);  \
    void __ubsan_handle_##name(void *place, ##__VA_ARGS__) { \
        found(place, EMULATOR_CALLER, what);                 \
    }

#define TWO_OPERANDS \
    uintptr_t unused_a __attribute__((unused)), uintptr_t unused_b __attribute__((unused))
#define ONE_OPERAND uintptr_t unused_a __attribute__((unused))

HANDLER(add_overflow, "signed overflow of a sum", TWO_OPERANDS)
HANDLER(sub_overflow, "signed overflow of a difference", TWO_OPERANDS)
HANDLER(mul_overflow, "signed overflow of a product", TWO_OPERANDS)
HANDLER(negate_overflow, "signed overflow of a negation", ONE_OPERAND)
HANDLER(divrem_overflow, "division by zero, or overflow of one", TWO_OPERANDS)
HANDLER(shift_out_of_bounds, "shift by more than there is, or of a negative number", TWO_OPERANDS)
HANDLER(out_of_bounds, "index outside of an array", ONE_OPERAND)
